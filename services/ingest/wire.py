"""JSON from outside: read into a shape, or refused with the field that is wrong."""

import re
from typing import Final, TypeVar

import msgspec

from shared.errors import Refused

# A message names what came, and that may be long.
MAX_MESSAGE_LENGTH: Final = 200

Shape = TypeVar("Shape")

# Read escape by escape, the second backslash of `\\` is never taken for the start of another escape.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_PATH = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)
_NAME = re.compile(r"field `([^`]*)`")


def decode(decoder: "msgspec.json.Decoder[Shape]", data: bytes) -> Shape:
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
    path = _PATH.search(text)
    message = text[: path.start()] if path else text
    field = path[1] if path else None
    name = _NAME.search(message)
    if name:
        field = f"{field}.{name[1][:64]}" if field else name[1][:64]
    return Refused("shape_invalid", f"{message[:MAX_MESSAGE_LENGTH]}.", field)
