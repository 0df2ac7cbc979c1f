"""Endpoints that are sick, one in each way, beside one that works; later they recover."""

from contextlib import AsyncExitStack

from tests.e2e.flipline import Flipline
from tests.support.faults.receivers import SICKNESSES, SickReceiver
from tests.support.patience import eventually
from tests.torture.fault import Fault
from tests.torture.scene import Scene, subscribe

# They answer 200 before they turn sick, so the lead counts as delivered.
_TAKES_IT = {"body", "half"}


async def _all_of_them(scene: Scene) -> None:
    # Before the first event of the first round, so that every lead is due to each endpoint.
    async with AsyncExitStack() as stack:
        sick = {sickness: await stack.enter_async_context(SickReceiver(sickness)) for sickness in SICKNESSES}
        subscribed = {
            sickness: await subscribe(scene.flipline, sick[sickness].url) for sickness in SICKNESSES
        }
        await scene.sender.has_posted(1)
        # The endpoint that works gets every lead while the others let Flipline wait.
        await scene.all_scored()
        await eventually(
            lambda: {sickness: receiver.taken for sickness, receiver in sick.items()},
            lambda taken: all(taken.values()),
        )
        for sickness in SICKNESSES:
            path = f"/v1/webhooks/{subscribed[sickness]['id']}"
            if sickness in _TAKES_IT:
                await scene.flipline.crm.delete(path)
            else:
                await _recovers(scene.flipline, path, scene.crm.url(f"/after-{sickness}"))


async def _recovers(flipline: Flipline, path: str, url: str) -> None:
    """Replay all deliveries of an endpoint at once; the waits after many failures last hours."""
    await flipline.crm.patch(path, {"status": "disabled"})
    await eventually(
        lambda: flipline.crm.pages(f"{path}/deliveries", status="pending"), lambda waiting: not waiting
    )
    await flipline.crm.patch(path, {"status": "active", "url": url})
    await flipline.crm.post(f"{path}/replay")


FAULTS = (Fault("sick receivers", _all_of_them, turns_red=False),)
