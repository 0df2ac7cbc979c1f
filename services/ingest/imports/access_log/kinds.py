"""What kind of file was given instead of a log: recognised by its first bytes, not by its name."""

from typing import Final

from shared.errors import Refused

LOOK_AT: Final = 4 * 1024
GZIP: Final = b"\x1f\x8b"

_PACKED: Final = (
    (b"PK\x03\x04", "a zip archive", "unzip"),
    (b"PK\x05\x06", "an empty zip archive", "unzip"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "zstd -d"),
    (b"BZh", "packed with bzip2", "bunzip2"),
    (b"\xfd7zXZ\x00", "packed with xz", "unxz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "7z x"),
    (b"\x04\x22\x4d\x18", "packed with lz4", "lz4 -d"),
    (GZIP, "packed with gzip twice", "gunzip"),
)
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_TAR: Final = (b"ustar", 257)


def check_kind(name: str, start: bytes) -> None:
    """Raise Refused if the unpacked content cannot be a log; the error says what to do."""
    for magic, description, command in _PACKED:
        if start.startswith(magic):
            raise _refused(name, f"it is {description}. Unpack it with `{command}`, and import the result")
    magic, offset = _TAR
    if start[offset:].startswith(magic):
        raise _refused(name, "it is an archive of files. Unpack it with `tar -xf`, and import each log in it")
    if start.startswith(_UTF_16):
        raise _refused(name, "it is in UTF-16. Convert it with `iconv -f UTF-16 -t UTF-8`, and import that")
    # Rotation by copying can leave zero bytes in front of the first line.
    if b"\0" in start.lstrip(b"\0"):
        raise _refused(name, "it has binary data, not text. Name the access log itself")


def _refused(name: str, reason: str) -> Refused:
    return Refused("file_unreadable", f"{name} cannot be read as an access log: {reason}.")
