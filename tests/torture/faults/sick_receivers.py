"""Endpoints that are sick in every way that there is, beside one that is well; later they recover."""

from contextlib import AsyncExitStack

from tests.faults.receivers import SICKNESSES, SickReceiver
from tests.torture.fault import Fault
from tests.torture.scene import Scene, subscribe

# They say 200 before they turn sick, and so have taken the lead.
_TAKES_IT = {"body", "half"}


async def _all_of_them(scene: Scene) -> None:
    await scene.sender.has_posted(0.1)
    async with AsyncExitStack() as stack:
        sick = {one: await stack.enter_async_context(SickReceiver(one)) for one in SICKNESSES}
        subscribed = {one: await subscribe(scene.flipline, sick[one].url) for one in SICKNESSES}
        await scene.sender.has_posted(1)
        # The one that is well hears of all while the others let us wait.
        await scene.all_scored()
        for receiver in sick.values():
            await receiver.has_taken(1)
        for one in SICKNESSES:
            path = f"/v1/webhooks/{subscribed[one]['id']}"
            if one in _TAKES_IT:
                await scene.flipline.crm.delete(path)
            else:
                await scene.flipline.crm.patch(path, {"url": scene.crm.url(f"/after-{one}")})


FAULTS = (Fault("sick receivers", _all_of_them, turns_red=False),)
