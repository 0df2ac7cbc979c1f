"""The database or the broker is away for a while: stopped, killed, or frozen with its connections open."""

from tests.support.patience import eventually
from tests.torture.fault import Fault
from tests.torture.scene import Scene


async def _postgres(scene: Scene) -> None:
    assert scene.own
    await scene.sender.has_posted(0.2)
    scene.own.stop()
    await scene.sender.has_posted(0.4)
    await scene.unready("scoring", "database")
    scene.own.start()
    await scene.ready()
    await scene.sender.has_posted(0.5)
    scene.own.kill()
    await scene.sender.has_posted(0.7)
    await scene.unready("scoring", "database")
    scene.own.start()
    await scene.ready()
    await eventually(scene.unscored, lambda waiting: waiting == 0)


async def _frozen_postgres(scene: Scene) -> None:
    assert scene.own
    await scene.sender.has_posted(0.2)
    scene.own.freeze()
    await scene.sender.has_posted(0.7)
    scene.own.thaw()


async def _kafka(scene: Scene) -> None:
    assert scene.own
    await scene.sender.has_posted(0.2)
    scene.own.kill()
    await scene.sender.has_to_repeat(0.7, 503)
    await scene.unready("ingest", "log")
    scene.own.start()


FAULTS = (
    Fault("stopped and killed PostgreSQL", _postgres, tables="postgres", own="postgres"),
    Fault("frozen PostgreSQL", _frozen_postgres, tables="postgres", own="postgres", turns_red=False),
    Fault("killed Kafka", _kafka, log="kafka", own="kafka"),
)
