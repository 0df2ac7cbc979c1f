"""Kinds of identity, their normal form, and the id that every process derives alike."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from shared.errors import Refused

MAX_VALUE_LENGTH = 256
KIND_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,31}")

# From the identity that names a person most surely to the one that a shared device makes least sure.
# Kinds not listed stand between the known and the anonymous ones.
STRONGEST_FIRST = ("user_id", "email", "phone", "linkedin", "twitter", "facebook", "instagram")
WEAKEST = "anonymous_id"


class Identity(NamedTuple):
    """One name of a person, in normal form."""

    kind: str
    value: str

    @property
    def id(self) -> str:
        """32 hex digits derived from kind and value, so no look-up is needed to attribute to it."""
        return identity_id(self.kind, self.value)


# A batch asks for the same ids many times over, and a person comes back; 100,000 entries are some 20 MB.
@lru_cache(maxsize=100_000)
def identity_id(kind: str, value: str) -> str:
    """Derive the id of an identity whose value is in normal form."""
    return blake2b(f"{kind}\0{value}".encode(), digest_size=16).hexdigest()


def _email(value: str) -> str:
    name, at, domain = value.rpartition("@")
    if not (name and at and "." in domain) or any(c.isspace() for c in value):
        raise ValueError("is not an e-mail address")
    try:
        domain = domain.encode("idna").decode("ascii") if not domain.isascii() else domain
    except UnicodeError as error:
        raise ValueError("has a domain that is not a domain name") from error
    return f"{name}@{domain}".lower()


def _phone(value: str) -> str:
    digits = re.sub(r"[\s().\-/]", "", value)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if not re.fullmatch(r"\+?[0-9]{5,15}", digits, re.ASCII):
        raise ValueError("is not a phone number of 5 to 15 digits")
    return digits


def _handle(value: str) -> str:
    return re.sub(r"^[@\s]+", "", value).lower()


_NORMAL_FORMS: dict[str, Callable[[str], str]] = {
    "email": _email,
    "phone": _phone,
    "twitter": _handle,
    "facebook": _handle,
    "instagram": _handle,
    "linkedin": _handle,
}


def normalise(kind: str, value: str) -> Identity:
    """Bring an identity to the one form under which it is known.

    Raises Refused, naming the field `identities.<kind>`, when kind or value cannot be one.
    """
    field = f"identities.{kind[:40]}"
    if not KIND_PATTERN.fullmatch(kind):
        raise Refused(
            "identity_kind_invalid",
            "A kind of identity is 1 to 32 of a-z, 0-9 and _, starting with a letter.",
            field,
        )
    text = value.strip()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text or len(text) > MAX_VALUE_LENGTH or "\0" in text:
        raise Refused(
            "identity_value_invalid",
            f"An identity's value has 1 to {MAX_VALUE_LENGTH} characters and no NUL.",
            field,
        )
    form = _NORMAL_FORMS.get(kind)
    if form is not None:
        try:
            text = form(text)
        except ValueError as error:
            raise Refused("identity_value_invalid", f"The {kind} {error}.", field) from error
        # An international domain and some letters become longer in their normal form.
        if not 0 < len(text) <= MAX_VALUE_LENGTH:
            raise Refused("identity_value_invalid", f"The {kind} is empty or too long.", field)
    return Identity(kind, text)


def _strength(identity: Identity) -> tuple[int, Identity]:
    if identity.kind in STRONGEST_FIRST:
        return STRONGEST_FIRST.index(identity.kind), identity
    return len(STRONGEST_FIRST) + (identity.kind == WEAKEST), identity


def by_strength(identities: Iterable[Identity]) -> tuple[Identity, ...]:
    """Sort without repeats, the strongest first: the one that an interaction is attributed to.

    The order depends on the identities alone, so every process attributes alike.
    """
    distinct = set(identities)
    if len(distinct) == 1:
        return tuple(distinct)
    return tuple(sorted(distinct, key=_strength))
