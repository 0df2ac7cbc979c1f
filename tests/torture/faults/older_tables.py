"""Tables restored from an older backup, beside a log that went on and has all that they lack."""

import asyncpg

from tests.support.faults.copies import copy_database, restore_database, restore_files
from tests.support.patience import eventually
from tests.torture.fault import Fault
from tests.torture.scene import Scene


async def _files(scene: Scene) -> None:
    await scene.sender.has_posted(0.3)
    backup = await scene.backed_up(scene.state_file.parent)
    await scene.flipline.start()
    await scene.sender.has_posted(0.7)
    # Leads are made and delivered that the restored tables will not have.
    await scene.settled()
    await scene.flipline.stop()
    await scene.books.close()
    restore_files(backup, scene.state_file.parent, "state.sqlite")
    assert await scene.unscored() > 0
    await scene.flipline.start()


async def _database(scene: Scene) -> None:
    await scene.sender.has_posted(0.3)
    await scene.flipline.stop()
    await scene.books.close()

    async def copied() -> str | None:
        # PostgreSQL takes a moment to notice that clients have left.
        try:
            return await copy_database(scene.database_url)
        except asyncpg.ObjectInUseError:
            return None

    copy = await eventually(copied)
    await scene.flipline.start()
    await scene.sender.has_posted(0.7)
    await scene.settled()
    await scene.flipline.stop()
    await scene.books.close()
    await restore_database(copy, scene.database_url)
    assert await scene.unscored() > 0
    await scene.flipline.start()


FAULTS = (
    Fault("restored older tables", _files, turns_red=False),
    Fault("restored older database", _database, log="kafka", tables="postgres", turns_red=False),
)
