"""A disk that is full for a while: that of the tables, that of the log, and a limit on the size of files."""

import resource

from tests.support.faults.disk import filled
from tests.support.patience import eventually
from tests.torture.fault import Fault
from tests.torture.scene import Scene

# SQLite writes its write-ahead log again and again from the beginning, so only a limit below a transaction's
# few pages is sure to be met.
LONGEST_FILE = 8 * 1024


async def _of_the_tables(scene: Scene) -> None:
    assert scene.disk
    await scene.sender.has_posted(0.2)
    with filled(scene.disk):
        # The log is on another disk, so events are still taken in; they have to wait.
        await scene.sender.has_posted(0.7)
        await scene.unready("scoring", "database")
        await eventually(scene.unscored)
    await scene.ready()


async def _of_the_log(scene: Scene) -> None:
    assert scene.disk
    await scene.sender.has_posted(0.2)
    with filled(scene.disk):
        await scene.sender.has_to_repeat(0.7, 503)
        await scene.unready("ingest", "log")
    await scene.ready()


async def _no_longer_files(scene: Scene) -> None:
    await scene.sender.has_posted(0.2)
    up = scene.process("up")
    unlimited = resource.prlimit(up.pid, resource.RLIMIT_FSIZE, (LONGEST_FILE, resource.RLIM_INFINITY))
    await scene.sender.let(0.7)
    await scene.unready("scoring", "database")
    resource.prlimit(up.pid, resource.RLIMIT_FSIZE, unlimited)
    await scene.ready()


FAULTS = (
    Fault("full disk of the tables", _of_the_tables, small_disk="tables"),
    Fault("full disk of the log", _of_the_log, small_disk="log"),
    Fault("limit on the size of files", _no_longer_files),
)
