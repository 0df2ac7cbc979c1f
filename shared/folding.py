"""Folding: texts that differ only in case and accents become equal, as they are to a reader."""

import re
import unicodedata
from typing import Final

_MARKS: Final = "\u0300-\u036f"
# On Latin and Greek letters marks are accents; in other scripts they make other letters.
_LETTERS: Final = "a-z\u00aa-\u024f\u0250-\u02ff\u0370-\u03ff"
# A tilde on an n is not an accent: "año" is a year, and "ano" is another word.
_ENYE: Final = re.compile(f"n(?:(?!\u0303)[{_MARKS}])*\u0303[{_MARKS}]*")
_ACCENTED: Final = re.compile(f"([{_LETTERS}])[{_MARKS}]+")
# Letters that Unicode does not decompose, and what people type when their keyboard lacks them.
_WHOLE: Final = str.maketrans({
    "ı": "i", "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe",  # noqa: RUF001 - the dotless i is meant
})  # fmt: skip


def _without_accents(text: str) -> str:
    apart = unicodedata.normalize("NFD", text)
    plain = _ACCENTED.sub(r"\1", _ENYE.sub("ñ", apart))
    return unicodedata.normalize("NFC", plain.translate(_WHOLE))


# In these ranges nearly all accents are part of a letter, and not a mark of their own.
_PRECOMPOSED: Final = (range(0x80, 0x300), range(0x370, 0x400), range(0x1E00, 0x2000))
_PLAIN: Final = {
    code: plain
    for codes in _PRECOMPOSED
    for code in codes
    if (plain := _without_accents(chr(code).casefold())) != chr(code)
}
_NO_PRECOMPOSED: Final = re.compile(
    "[^\0-\u02ff\u0370-\u03ff\u1e00-\u1fff\u2002-\u22ff\U0001f300-\U0001faff]"
)


def folded(text: str) -> str:
    """Return a text without case and accents, in which n and ñ are two letters."""
    if text.isascii():
        return text.lower()
    text = text.casefold()
    return _without_accents(text) if _NO_PRECOMPOSED.search(text) else text.translate(_PLAIN)
