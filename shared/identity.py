"""Kinds of identity, their normal form, and the id, which is the same in every process."""

import re
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple, TypeAlias

from shared.errors import Refused
from shared.forms.emails import email_form
from shared.forms.handles import KINDS as HANDLES
from shared.forms.handles import handle_form
from shared.forms.phones import phone_form
from shared.forms.placeholders import WORDS, is_placeholder, is_placeholder_address
from shared.forms.text import cleaned

MAX_VALUE_LENGTH: Final = 256
KIND_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,31}")

# From the kind that identifies a person most surely to the kind that shared devices make least sure. Other
# kinds come between these and the anonymous ids.
STRONGEST_FIRST = ("user_id", "email", "phone", "linkedin", "twitter", "facebook", "instagram")
WEAKEST = "anonymous_id"
USER_ID: Final = "user_id"
FORMER_USER_ID: Final = "former_user_id"
"""The kind that marks the `user_id` of the same value as replaced; both belong to one person."""
_KNOWN_KINDS: Final = frozenset({*STRONGEST_FIRST, WEAKEST})

FORMS_VERSION: Final = 2
"""Raised when a value gets another form than before, to recognise tables that were built with older forms."""

# A value may be part of a longer text: behind a person's name, or in a whole URL.
_MAX_WRITTEN: Final = 600
# A larger JSON number without a fraction may have been rounded from another number.
_MOST_EXACT: Final = 2**53
# Ten megabytes at most, when all values have the greatest length.
_REMEMBERED: Final = 16_384
_LENGTH: Final = f"An identity's value has 1 to {MAX_VALUE_LENGTH} characters and no NUL."

Scalar: TypeAlias = str | int | float | bool | None
"""A value as JSON has it."""


class Identity(NamedTuple):
    """A kind and a value that name a person, in normal form."""

    kind: str
    value: str

    @property
    def id(self) -> str:
        """32 hex digits derived from kind and value, so no look-up is needed to attribute to it."""
        return identity_id(self.kind, self.value)


# A batch needs the same ids many times, and persons come back; 100,000 entries are some 20 MB.
@lru_cache(maxsize=100_000)
def identity_id(kind: str, value: str) -> str:
    """Derive the id of an identity whose value is in normal form."""
    return blake2b(f"{kind}\0{value}".encode(), digest_size=16).hexdigest()


class Forms:
    """The rules that bring identities to their normal form, with the settings of one installation.

    `phone_region` is the region (ISO 3166-1) whose national telephone numbers are read; without a region
    they stay as they are. `placeholders` are placeholder words of this installation, in addition to the
    common ones.
    """

    identity: Callable[[str, Scalar], Identity | None]
    """Return the identity of a kind and a value in normal form, or None for a placeholder.

    Raises Refused, naming the field `identities.<kind>`, when kind or value is invalid. Recent identities
    are cached, since a person's next interaction often follows within minutes.
    """

    def __init__(self, phone_region: str | None = None, placeholders: Collection[str] = ()) -> None:
        self._phone_region: Final = phone_region
        self._own_words: Final = frozenset(cleaned(word).lower() for word in placeholders)
        self._words: Final = WORDS | self._own_words
        # Typed, since 1, 1.0 and true are one key to Python.
        self.identity = lru_cache(maxsize=_REMEMBERED, typed=True)(self._identity)

    @property
    def fingerprint(self) -> str:
        """A text that changes whenever rules or settings may give a value another form."""
        words = blake2b("\0".join(sorted(self._own_words)).encode(), digest_size=8).hexdigest()
        return f"{FORMS_VERSION}.{self._phone_region or '-'}.{words if self._own_words else '-'}"

    def named(self, kind: str, value: Scalar, field: str = "value") -> Identity:
        """Return an identity in normal form; raises Refused also for a placeholder."""
        identity = self.identity(kind, value)
        if identity is None:
            raise Refused(
                "identity_placeholder", f"The value is a placeholder, not the {kind[:40]} of a person.", field
            )
        return identity

    def is_placeholder(self, text: str) -> bool:
        """Return whether a text is blank or a placeholder, for a value of any kind."""
        text = cleaned(text)
        return not text or is_placeholder(text, self._words)

    def _identity(self, kind: str, value: Scalar) -> Identity | None:
        if kind not in _KNOWN_KINDS and not KIND_PATTERN.fullmatch(kind):
            raise Refused(
                "identity_kind_invalid",
                "A kind of identity is 1 to 32 of a-z, 0-9 and _, starting with a letter.",
                f"identities.{kind[:40]}",
            )
        text = value if isinstance(value, str) else _written(kind, value)
        if len(text) > _MAX_WRITTEN:
            raise _invalid(kind, _LENGTH)
        text = cleaned(text)
        if not text or is_placeholder(text, self._words):
            return None
        try:
            form = self._form(kind, text)
        except ValueError as error:
            raise _invalid(kind, f"The {kind} {error}.") from error
        if form is None:
            return None
        if len(form) > MAX_VALUE_LENGTH or "\0" in form:
            raise _invalid(kind, _LENGTH)
        return Identity(kind, form)

    def _form(self, kind: str, text: str) -> str | None:
        """Return the normal form, None for a placeholder; raises ValueError with what is wrong.

        For a kind without rules of its own the text is the form.
        """
        if kind == "email":
            name, domain = email_form(text)
            return None if is_placeholder_address(name, domain, self._words) else f"{name}@{domain}"
        if kind == "phone":
            return phone_form(text, self._phone_region)
        if kind in HANDLES:
            handle = handle_form(kind, text)
            return None if is_placeholder(handle, self._words) else handle
        return text


def _written(kind: str, value: float | bool | None) -> str:
    """Return a value as text; raises Refused for a number that is not exact."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, float):
        if not value.is_integer() or abs(value) > _MOST_EXACT:
            raise _invalid(kind, f"The {kind} is a number with a fraction, or too large to be exact.")
        value = int(value)
    return str(value)


def _invalid(kind: str, message: str) -> Refused:
    return Refused("identity_value_invalid", message, f"identities.{kind}")


def twin_of(identity: Identity) -> Identity | None:
    """Return the former user id of a user id, and the other way round; None for other kinds."""
    twins = {USER_ID: FORMER_USER_ID, FORMER_USER_ID: USER_ID}
    return Identity(twins[identity.kind], identity.value) if identity.kind in twins else None


def current(identities: Collection[Identity]) -> Collection[Identity]:
    """Return a person's current identities: without user ids that are former ones."""
    former = {value for kind, value in identities if kind == FORMER_USER_ID}
    return (
        [identity for identity in identities if identity.kind != USER_ID or identity.value not in former]
        if former
        else identities
    )


def _strength(identity: Identity) -> tuple[int, Identity]:
    if identity.kind in STRONGEST_FIRST:
        return STRONGEST_FIRST.index(identity.kind), identity
    return len(STRONGEST_FIRST) + (identity.kind == WEAKEST), identity


def by_strength(identities: Iterable[Identity]) -> tuple[Identity, ...]:
    """Sort without repeats, the strongest first: the one that an interaction is attributed to.

    The order depends on the identities alone, so every process attributes in the same way.
    """
    distinct = set(identities)
    if len(distinct) == 1:
        return tuple(distinct)
    return tuple(sorted(distinct, key=_strength))
