"""kill -9 in the middle of work, of everything at once and of one service after the other."""

from tests.support.patience import eventually
from tests.torture.fault import Fault
from tests.torture.scene import Scene


async def _everything(scene: Scene) -> None:
    await scene.sender.let(0.5)
    await scene.sender.has_posted(0.2)
    up = scene.process("up")
    up.kill()
    await scene.sender.has_to_repeat(0.8)
    up.start()


async def _one_after_the_other(scene: Scene) -> None:
    await scene.sender.let(0.3)
    await scene.sender.has_posted(0.1)
    scene.process("scoring").kill()
    # Events that are accepted while scoring is down have to wait for it.
    await scene.sender.has_posted(0.5)
    await eventually(scene.unscored)
    scene.process("ingest").kill()
    await scene.sender.has_to_repeat(0.7)
    scene.process("scoring").start()
    scene.process("ingest").start()
    scene.process("handoff").kill()
    await scene.sender.has_posted(0.9)
    scene.process("handoff").start()


FAULTS = (
    Fault("kill everything", _everything, turns_red=False),
    Fault(
        "kill each service",
        _one_after_the_other,
        log="kafka",
        tables="postgres",
        one_process_each=True,
        turns_red=False,
    ),
)
