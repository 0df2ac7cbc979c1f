"""Keys: which keys may be used, and the file in the data directory that stores the keys made by Flipline.

A key may be in a header, as the user of HTTP Basic, in a query and in a JSON body, and one variable may
have several keys. So a key consists of visible ASCII characters without a special meaning in any of these.
No error shows a key: it says where the key is and what is wrong with it.
"""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import Misconfigured
from shared.process.files import make_once

ROLES = ("write", "ops", "crm")
KEY_FILE = "keys.json"
LEAST_CHARACTERS = 24
MOST_CHARACTERS = 200
# Visible ASCII without quotes, the backslash, what separates keys (,) and a Basic user from its password (:),
# and what a query decodes or ends at (& # % +).
_KEY = re.compile(r"[!$()*\-./0-9;<=>?@A-Z\[\]^_a-z{|}~]+")

Configured = Mapping[str, Sequence[str] | None]


@dataclass(frozen=True)
class Keys:
    """The keys of the three kinds of callers; `repr` shows how many, never which."""

    write: tuple[str, ...]
    ops: tuple[str, ...]
    crm: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Keys(write={len(self.write)}, ops={len(self.ops)}, crm={len(self.crm)})"


def make_key_file(data_dir: Path) -> bool:
    """Make a key for each role and store them; return False when the data directory has keys already."""
    fresh = {role: [f"fl_{role}_{secrets.token_urlsafe(24)}"] for role in ROLES}
    return make_once(data_dir / KEY_FILE, json.dumps(fresh, indent=2) + "\n")


def load_keys(data_dir: Path, configured: Configured) -> Keys:
    """Return the configured keys, and those of the data directory for the roles that have none (None).

    Raises Misconfigured when a role is without keys, a key cannot be used, or a key is in two roles.
    """
    found = {role: load_role(data_dir, configured, role) for role in ROLES}
    for number, role in enumerate(ROLES):
        for other in ROLES[number + 1 :]:
            if set(found[role]) & set(found[other]):
                sources = " and ".join(_source(data_dir, configured, name) for name in (role, other))
                raise Misconfigured(
                    "key_in_two_roles",
                    f"A {role} key is also {_a(other)} key ({sources}): give each role keys of its own.",
                )
    return Keys(**found)


def load_role(data_dir: Path, configured: Configured, role: str) -> tuple[str, ...]:
    """Return the keys of one role, for a caller that needs no other; raises Misconfigured as `load_keys`."""
    path = data_dir / KEY_FILE
    keys = configured.get(role)
    if keys is None:
        keys = _read(path).get(role)
    if keys is None:
        how = (
            f'add "{role}" to {path}'
            if path.exists()
            else f"run `flipline up` once in {data_dir}, which makes keys and stores them there"
        )
        raise Misconfigured(
            "keys_missing", f"There is no {role} key: set FLIPLINE_{role.upper()}_KEYS, or {how}."
        )
    _check(keys, _source(data_dir, configured, role))
    return tuple(keys)


def _source(data_dir: Path, configured: Configured, role: str) -> str:
    if configured.get(role) is not None:
        return f"FLIPLINE_{role.upper()}_KEYS"
    return f'"{role}" in {data_dir / KEY_FILE}'


def _check(keys: Sequence[str], source: str) -> None:
    if not any(keys):
        raise Misconfigured("keys_empty", f"{source} is empty: give at least one key, or remove it.")
    for number, key in enumerate(keys, 1):
        if complaint := _complaint(key):
            raise Misconfigured("key_unusable", f"Key {number} of {source} {complaint}")


def _complaint(key: str) -> str | None:
    if not key:
        return "is empty: remove the extra comma."
    if not LEAST_CHARACTERS <= len(key) <= MOST_CHARACTERS:
        return (
            f"has {len(key)} characters; use {LEAST_CHARACTERS} to {MOST_CHARACTERS}, "
            "as `openssl rand -hex 24` makes them."
        )
    if not _KEY.fullmatch(key):
        return (
            "has a character that a header, a query or HTTP Basic would change or end at; "
            "use letters, digits and -._~ alone."
        )
    return None


def _read(path: Path) -> dict[str, list[str]]:
    try:
        content: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Misconfigured(
            "keys_unreadable",
            f"{path} cannot be read: {error.strerror}. Let this user read it, or remove it and let "
            "`flipline up` make new keys.",
        ) from error
    except (ValueError, RecursionError):
        # Without the cause: its text quotes the file.
        raise _broken(path, "it is not JSON") from None
    if not isinstance(content, dict):
        raise _broken(path, "it is not a JSON object")
    if content.keys() - set(ROLES):
        raise _broken(path, f"it has names other than {', '.join(ROLES)}")
    for role, keys in content.items():
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise _broken(path, f'"{role}" is not a list of strings')
    return content


def _broken(path: Path, why: str) -> Misconfigured:
    return Misconfigured(
        "keys_unreadable",
        f"{path} is not a file of keys: {why}. Correct it, or remove it and let `flipline up` make new keys.",
    )


def _a(role: str) -> str:
    return f"an {role}" if role == "ops" else f"a {role}"
