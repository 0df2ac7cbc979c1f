"""A process that is stopped in the middle of its work and goes on later, as after a pause of its machine."""

from tests.support.faults.attackers import RawClient
from tests.support.patience import a_moment, eventually
from tests.torture.fault import Fault
from tests.torture.scene import Scene

_HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"


async def _everything(scene: Scene) -> None:
    await scene.sender.let(0.5)
    await scene.sender.has_posted(0.2)
    up = scene.process("up")
    up.freeze()
    await scene.sender.let(0.8)
    async with RawClient.to(up.url) as client:
        await client.send([_HEALTH])
        await a_moment()
        assert not client.received, "who is frozen does not answer"
        up.thaw()
        assert await client.status() == 200


async def _each_service(scene: Scene) -> None:
    await scene.sender.let(0.3)
    await scene.sender.has_posted(0.1)
    scoring = scene.process("scoring")
    scoring.freeze()
    await scene.sender.has_posted(0.5)
    # Kafka takes it for dead, and the process does not know.
    await scene.broker.shared_by(0, "scoring")
    await eventually(scene.unscored)
    scoring.thaw()
    handoff = scene.process("handoff")
    handoff.freeze()
    await scene.sender.has_posted(0.9)
    await scene.broker.shared_by(0, "handoff")
    handoff.thaw()


FAULTS = (
    Fault("freeze everything", _everything, turns_red=False),
    Fault(
        "freeze each service",
        _each_service,
        log="kafka",
        tables="postgres",
        one_process_each=True,
        turns_red=False,
    ),
)
