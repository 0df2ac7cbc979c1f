"""Files and tables that another process locks for longer than Flipline waits for them."""

from tests.support.faults.locks import file_locked, table_locked
from tests.support.patience import PATIENCE_SECONDS, eventually
from tests.torture.books import without_waiting
from tests.torture.fault import Fault
from tests.torture.scene import Scene

STATEMENT_TIMEOUT = "500ms"


async def _log_file(scene: Scene) -> None:
    await scene.sender.has_posted(0.2)
    async with file_locked(scene.data_dir / "log.sqlite", patience_seconds=PATIENCE_SECONDS):
        await scene.sender.has_to_repeat(0.7, 503)
        await scene.unready("ingest", "log")


async def _state_file(scene: Scene) -> None:
    await scene.sender.has_posted(0.2)
    async with file_locked(scene.state_file, patience_seconds=PATIENCE_SECONDS):
        await scene.sender.has_posted(0.7)
        await scene.unready("scoring", "database")
        await eventually(scene.unscored)


async def _ledger(scene: Scene) -> None:
    await without_waiting(scene.database_url, STATEMENT_TIMEOUT)
    # Open sessions keep the timeout with which they began.
    await scene.flipline.stop()
    await scene.flipline.start()
    await scene.sender.has_posted(0.2)
    async with table_locked(scene.database_url, "ledger", "share"):
        await scene.sender.has_posted(0.7)
        await scene.unready("scoring", "57014")
        await eventually(scene.unscored)
    await scene.ready()


async def _deliveries(scene: Scene) -> None:
    await without_waiting(scene.database_url, STATEMENT_TIMEOUT)
    await scene.flipline.stop()
    await scene.flipline.start()
    await scene.sender.has_posted(0.2)
    async with table_locked(scene.database_url, "deliveries", "share"):
        received_before = len(scene.crm.received)
        await scene.sender.has_posted(0.9)
        await scene.unready("handoff", "57014")
        await eventually(scene.books.untold)
        assert len(scene.crm.received) == received_before
    await scene.ready()


FAULTS = (
    Fault("locked log file", _log_file),
    Fault("locked state file", _state_file),
    Fault("locked ledger", _ledger, tables="postgres"),
    Fault("locked deliveries", _deliveries, tables="postgres"),
)
