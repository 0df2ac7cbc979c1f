"""Values that name something are checked like the names of parameters: unknown values are refused."""

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Final

from shared.errors import MAX_COMPLAINTS, Complaint, Refused
from shared.wording import unknown

_SHOWN: Final = 64


def check_known(code: str, written: Mapping[str, str], known: Collection[str], hint: str = "") -> None:
    """Raise Refused with the code for unknown values, each with the known value that is probably meant.

    `written` has the values by field; `hint` is a sentence that says how such a value comes to be known.
    """
    unknown_values = ((field, value) for field, value in written.items() if value not in known)
    errors = [
        Complaint(field=field, message=f"`{_clipped(value)}` {unknown(value, known)}")
        for field, value in islice(unknown_values, MAX_COMPLAINTS)
    ]
    if errors:
        first = errors[0]
        message = f"{first['field']}: {first['message']}"
        end = "" if message.endswith("?") else "."
        raise Refused(code, f"{message}{end} {hint}".strip(), first["field"], errors)


def _clipped(value: str) -> str:
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}..."
