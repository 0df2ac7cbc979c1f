"""Text as people paste it and programs send it, without its invisible characters."""

import re
import unicodedata

# Byte order marks, zero-width spaces, soft hyphens, marks of direction, variation selectors, fillers, tags.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# Between letters of Persian or Indic scripts, or within an emoji, a joiner makes two texts different;
# elsewhere it is as invisible as the others.
_STRAY_JOINERS = re.compile("(?<![^\\x00-\\x7f\\s])[\u200c\u200d]+|[\u200c\u200d]+(?![^\\x00-\\x7f\\s])")


def cleaned(text: str) -> str:
    """Return the text composed (NFC), without invisible characters and without white space around it."""
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
        text = unicodedata.normalize("NFC", _STRAY_JOINERS.sub("", text))
    return text.strip()
