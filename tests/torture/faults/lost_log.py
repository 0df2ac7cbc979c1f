"""A log that is not the one that the tables have read: deleted, or brought back from an older backup.

The tables keep the events of the lost log. No later event may be skipped unseen: the readers stop and report
it until an operator decides, and then they read all events.
"""

from tests.support.faults.copies import restore_files
from tests.support.faults.topics import delete_topic, topics
from tests.support.patience import eventually
from tests.torture.fault import Fault
from tests.torture.scene import Scene


async def _older_log(scene: Scene) -> None:
    await scene.sender.has_posted(0.3)
    await scene.all_scored()
    backup = await scene.backed_up(scene.data_dir)
    await scene.flipline.start()
    await scene.sender.has_posted(0.6)
    await scene.settled()
    await scene.flipline.stop()
    restore_files(backup, scene.data_dir, "log.sqlite")
    scene.process("up").start()
    await scene.unready("scoring", "positions reread")
    # More events than the log has lost, so that its end comes to lie behind the positions.
    await scene.sender.has_posted(1)
    before = await scene.unscored()
    assert before == await scene.unscored() > 0, "nothing is read, and nothing skipped, before it is decided"
    await scene.unready("scoring", "positions reread")
    await scene.flipline.stop()
    await _read_again(scene)


async def _deleted_topic(scene: Scene) -> None:
    await scene.sender.has_posted(0.4)
    await scene.settled()
    broker = scene.broker
    interactions = f"{broker.prefix}interactions"
    await delete_topic(broker.address, interactions)
    await scene.sender.has_to_repeat(0.7, 503)
    await scene.unready("scoring", "positions reread")
    assert interactions not in await topics(broker.address), "an empty topic would hide that events are lost"
    await scene.flipline.stop()
    await _read_again(scene)


async def _read_again(scene: Scene) -> None:
    code, printed = await scene.command("positions", "reread", "--yes")
    assert code == 0, printed
    await scene.flipline.start()
    await eventually(scene.unscored, lambda waiting: waiting == 0)


FAULTS = (
    Fault("restored older log", _older_log, log_is_whole=False),
    Fault("deleted topic", _deleted_topic, log="kafka", log_is_whole=False),
)
