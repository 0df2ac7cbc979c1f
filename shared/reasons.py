"""Errors described for logs, dead letters and readiness, without their own text.

The text of a driver or a library may quote a row, a parameter or a payload, and with it a person's address.
So an error is described by its type, its code where it has one, and the position in our code where it was
raised.
"""

from pathlib import Path
from traceback import extract_tb
from typing import Final

from shared.errors import FliplineError

_ROOT: Final = Path(__file__).parents[1]
_LONGEST_CHAIN: Final = 10


def safe_reason(error: BaseException) -> str:
    """Return what is wrong in one line: our own code and message, or type and position of a foreign error."""
    if isinstance(error, FliplineError):
        return f"{error.code}: {error.message}"
    position = _positions(error)[-1:]
    return f"{_kind(error)}{' at ' + position[0] if position else ''}"


def safe_trace(error: BaseException) -> str:
    """Return the types and positions of an error and of its causes, the latest first."""
    lines: list[str] = []
    current: BaseException | None = error
    while current is not None and len(lines) < _LONGEST_CHAIN * 10:
        lines.append(("caused by " if lines else "") + _kind(current))
        lines += [f"  {position}" for position in _positions(current)]
        current = current.__cause__ or current.__context__
    return "\n".join(lines)


def _kind(error: BaseException) -> str:
    if isinstance(error, FliplineError):
        return f"{type(error).__name__} ({error.code})"
    code = driver_code(error)
    return f"{type(error).__name__} ({code})" if code else type(error).__name__


def driver_code(error: BaseException) -> str | None:
    """Return the SQLSTATE or SQLite's name of an error of a database; None for any other error."""
    of_driver = getattr(error, "orig", None) or error
    for name in ("sqlstate", "sqlite_errorname"):
        code = getattr(of_driver, name, None)
        if isinstance(code, str):
            return code
    return None


def _positions(error: BaseException) -> list[str]:
    """Return `file:line in function` of the frames in our own code, the innermost last."""
    return [
        f"{Path(frame.filename).relative_to(_ROOT)}:{frame.lineno} in {frame.name}"
        for frame in extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_ROOT) and "site-packages" not in frame.filename
    ]
