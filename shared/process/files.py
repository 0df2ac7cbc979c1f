"""Small files that are written whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile


def make_once(path: Path, content: str) -> bool:
    """Write a new file for its owner alone; return False, and change nothing, when there is one already.

    A crash leaves the whole file or none. Of two processes at once, one makes the file and both find it
    whole. Raises OSError when the directory cannot be written.
    """
    with NamedTemporaryFile("w", dir=path.parent, prefix=f"{path.name}.", delete=False) as fresh:
        try:
            fresh.write(content)
            fresh.flush()
            os.fsync(fresh.fileno())
            # Not a rename: that would replace a file that another process has made meanwhile.
            os.link(fresh.name, path)
        except FileExistsError:
            return False
        finally:
            with suppress(FileNotFoundError):
                Path(fresh.name).unlink()
    return True
