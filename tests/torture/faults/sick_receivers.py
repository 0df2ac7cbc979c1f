"""Endpoints that are sick in every way that there is, beside one that is well; later they recover."""

from contextlib import AsyncExitStack

from tests.e2e.flipline import Flipline
from tests.support.faults.receivers import SICKNESSES, SickReceiver
from tests.support.patience import eventually
from tests.torture.fault import Fault
from tests.torture.scene import Scene, subscribe

# They say 200 before they turn sick, and so have taken the lead.
_TAKES_IT = {"body", "half"}


async def _all_of_them(scene: Scene) -> None:
    # Subscribed before anything is posted in the first round, they are owed every lead.
    async with AsyncExitStack() as stack:
        sick = {one: await stack.enter_async_context(SickReceiver(one)) for one in SICKNESSES}
        subscribed = {one: await subscribe(scene.flipline, sick[one].url) for one in SICKNESSES}
        await scene.sender.has_posted(1)
        # The one that is well hears of all while the others let us wait.
        await scene.all_scored()
        await eventually(
            lambda: {one: receiver.taken for one, receiver in sick.items()},
            lambda taken: all(taken.values()),
        )
        for one in SICKNESSES:
            path = f"/v1/webhooks/{subscribed[one]['id']}"
            if one in _TAKES_IT:
                await scene.flipline.crm.delete(path)
            else:
                await _recovers(scene.flipline, path, scene.crm.url(f"/after-{one}"))


async def _recovers(flipline: Flipline, path: str, url: str) -> None:
    """Have all that an endpoint is owed sent again at once; the waits after many failures last hours."""
    await flipline.crm.patch(path, {"status": "disabled"})
    await eventually(
        lambda: flipline.crm.pages(f"{path}/deliveries", status="pending"), lambda waiting: not waiting
    )
    await flipline.crm.patch(path, {"status": "active", "url": url})
    await flipline.crm.post(f"{path}/replay")


FAULTS = (Fault("sick receivers", _all_of_them, turns_red=False),)
