"""A `flipline` command that hangs in the middle of a swap: each table is replaced, nothing is committed.

Called as `python -m tests.e2e.stuck FILE COMMAND...`; it makes the file when it has come so far.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

from services.__main__ import main
from services.scoring.store.rebuild import replacement

_replace: Any = replacement.replace
_file = Path(sys.argv.pop(1))


async def _then_stuck(connection: Any, rebuilt: Any, table: Any) -> None:
    await _replace(connection, rebuilt, table)
    if table is replacement.REPLACED[-1]:
        _file.touch()  # noqa: ASYNC240 - it is one call, and then nothing happens any more
        await asyncio.Event().wait()


if __name__ == "__main__":
    replacement.replace = _then_stuck
    main()
