"""What Apache and nginx write with a backslash: quotes, and bytes other than printable ASCII."""

import re
from typing import Final

_ESCAPE: Final = re.compile(r"((?:\\x[0-9A-Fa-f]{2})+)|\\(.)")
_LETTERS: Final = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "b": "\b", "f": "\f"}


def text_of(data: bytes) -> str:
    """Return bytes as text: UTF-8, or Latin-1 where they are not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def unescaped(text: str) -> str:
    r"""Return the text that the visitor sent; `\xHH` are bytes, and a NUL among them is U+FFFD."""
    return _ESCAPE.sub(_character, text).replace("\0", "\N{REPLACEMENT CHARACTER}")


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return text_of(bytes.fromhex(match[1].replace("\\x", "")))
    return _LETTERS.get(match[2], match[2])
