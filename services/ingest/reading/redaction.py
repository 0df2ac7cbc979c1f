r"""Write keys are removed from everything that is stored or shown of a request.

A refused body is often not the JSON that it should be, so its bytes are searched for the names of the fields,
at any depth, in any case, and with or without `_` or `-` between the words of a name. The search finds
members of JSON objects, of JSON that is inside a string (`"{\"writeKey\": ...`) and of Python's `repr`, and
fields of forms and URLs. Nothing else changes, and valid JSON stays valid, so that the dead letter can be
replayed.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from shared.events import DeadLetter, Envelope

_REMOVED: Final = b"-"
_NEVER: Final = rb"(?!)"
_BETWEEN_WORDS = re.compile(r"[_-]|(?<=[a-z0-9])(?=[A-Z])")
_SEPARATOR: Final = rb"(?:[_-]|\\u00(?:5f|2d)|%(?:5f|2d))?"
# UTF-16 has such bytes between those of ASCII.
_GAP: Final = rb"\0*+"
# A run of backslashes is matched only from its start: a match from each of them would take quadratic time.
_TOKEN = re.compile(rb'(?<!\\)(\\*+)"|[\[{\]}]')
_SCALAR = re.compile(rb"(?!(?:null|true|false)\b)[^\s,;&}\]\"'\\]*+")
_REPR_VALUE = re.compile(rb'[^"\\\r\n,}\]]*+')
_FORM_VALUE = re.compile(rb"[^&\s\"'\\<>]*+")
_PART_VALUE = re.compile(rb"(?:(?!\r?\n--).)*+", re.DOTALL)


class Redaction:
    """Removes the values of the fields with these names."""

    def __init__(self, names: Iterable[str]) -> None:
        joined = rb"(?:" + (rb"|".join(map(_spellings, names)) or _NEVER) + rb")"
        self._field = re.compile(
            # A member: its name in quotes, with backslashes before them inside a string.
            rb"(?P<quote>(?<!\\)\\*+[\"'])" + _GAP + joined + _GAP + rb"(?P=quote)[\s\0]*+:[\s\0]*+"
            # A field of a form or of a URL.
            rb"|(?P<form>(?<![\w%-])" + joined + rb"=)"
            # A part of a multipart form. JSON has no such line, neither between nor inside its strings.
            rb"|(?P<part>^content-disposition:[^\r\n;]{0,40};[^\r\n]{0,200}\bname=\"?"
            + joined
            + rb"\b[^\r\n]{0,200}\r?\n(?:[^\r\n]{1,200}\r?\n){0,5}\r?\n)",
            re.IGNORECASE | re.MULTILINE,
        )

    def of_bytes(self, data: bytes) -> bytes:
        """Return the data with `-` for each value."""
        parts: list[bytes] = []
        start = 0
        while field := self._field.search(data, start):
            end, replacement = _value(data, field)
            parts += (data[start : field.end()], replacement)
            start = end
        return b"".join((*parts, data[start:])) if parts else data

    def of_envelope(self, envelope: Envelope | None) -> Envelope | None:
        """Return what came beside a payload without the values."""
        if envelope is None or envelope.context is None:
            return envelope
        context: dict[str, Any] = msgspec.json.decode(self.of_bytes(msgspec.json.encode(envelope.context)))
        return msgspec.structs.replace(envelope, context=context)

    def of_letter(self, letter: DeadLetter) -> DeadLetter:
        """Return a letter without the values; earlier versions stored some of them."""
        payload = self.of_bytes(letter.payload.encode()).decode()
        return msgspec.structs.replace(letter, payload=payload, envelope=self.of_envelope(letter.envelope))


def _spellings(name: str) -> bytes:
    words = [_GAP.join(map(_character, word)) for word in _BETWEEN_WORDS.split(name)]
    return (_GAP + _SEPARATOR + _GAP).join(words)


def _character(character: str) -> bytes:
    """Return the pattern of an ASCII character, which JSON and forms may write as its number."""
    numbers = "|".join(f"{ord(case):02x}" for case in (character.lower(), character.upper()))
    return rf"(?:{re.escape(character)}|\\u00(?:{numbers})|%(?:{numbers}))".encode()


def _value(data: bytes, field: re.Match[bytes]) -> tuple[int, bytes]:
    """Return the end of the value that follows a field's name, and what to put in its place."""
    start = field.end()
    quote = field["quote"]
    if quote is None:
        end = _end(_PART_VALUE if field["part"] else _FORM_VALUE, data, start)
        replacement = _REMOVED
    elif quote.endswith(b"'"):
        end, replacement = _end(_REPR_VALUE, data, start), quote + _REMOVED + quote
    else:
        end, replacement = _json_end(data, start, quote), quote + _REMOVED + quote
    return end, replacement if end > start else b""


def _json_end(data: bytes, start: int, quote: bytes) -> int:
    """Return the end of a JSON value; `quote` is how a quote is written at its depth."""
    if data.startswith((quote, b"[", b"{"), start):
        return _nested_end(data, start, depth=len(quote) - 1)
    return _end(_SCALAR, data, start)


def _nested_end(data: bytes, start: int, *, depth: int) -> int:
    """Return the end of a text, list or object. Its quotes are escaped by `depth` backslashes each."""
    is_text = False
    brackets = 0
    for token in _TOKEN.finditer(data, start):
        backslashes = token[1]
        if backslashes is None:
            if not is_text:
                brackets += 1 if token[0] in b"[{" else -1
        # Putting JSON into a string doubles its backslashes and adds one to each quote.
        elif len(backslashes) % (depth + 1) != depth:
            # This quote belongs to another depth: the string around the value ends here.
            return token.start()
        elif len(backslashes) % (2 * depth + 2) == depth:
            is_text = not is_text
        if not is_text and brackets <= 0:
            return token.end()
    return len(data)


def _end(pattern: re.Pattern[bytes], data: bytes, start: int) -> int:
    found = pattern.match(data, start)
    return found.end() if found else start
