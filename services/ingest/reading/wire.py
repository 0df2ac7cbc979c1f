"""JSON from outside: read into a shape, or refused with the field that is wrong."""

import re
from typing import Final, TypeVar

import msgspec

from shared.errors import Refused

Shape = TypeVar("Shape")

# A message repeats names that came from outside, and these may be long.
MAX_MESSAGE_LENGTH: Final = 200

# Every escape is read as a whole, so the second backslash of `\\` never starts another escape.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_NAME = re.compile(r"field `([^`]*)`")


def decode(decoder: msgspec.json.Decoder[Shape], data: bytes) -> Shape:
    """Read JSON into the decoder's shape; raises Refused, naming the field, when it does not fit.

    Half a surrogate pair, which browsers send when a script cut an emoji in two, is read as U+FFFD.
    """
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise _misfit(str(error)) from error
    except msgspec.DecodeError as error:
        mended = _without_half_pairs(data)
        if mended == data:
            raise Refused("json_invalid", f"This is not JSON: {error}.") from error
        return decode(decoder, mended)
    except UnicodeDecodeError as error:
        raise Refused("json_invalid", "This is not JSON: a text is not in UTF-8.") from error
    except RecursionError as error:
        raise Refused("too_deep", "The JSON nests too deep.") from error


def _without_half_pairs(data: bytes) -> bytes:
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape["half"] else escape[0], data)


def _misfit(text: str) -> Refused:
    message, _, path = text.partition(" - at `$")
    name = _NAME.search(message)
    parts = [path.strip("`."), name[1] if name else ""]
    field = ".".join(part for part in parts if part)[:MAX_MESSAGE_LENGTH]
    return Refused("shape_invalid", f"{message[:MAX_MESSAGE_LENGTH]}.", field or None)
