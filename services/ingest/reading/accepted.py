"""An accepted event, with the values that were left out; `outcome.py` has refusals."""

from typing import Final, NamedTuple

import msgspec

from shared.errors import Refused
from shared.events import Interaction
from shared.identity import Forms, Identity, Scalar

IDENTITY_BLANK: Final = "identity_blank"
IDENTITY_PLACEHOLDER: Final = "identity_placeholder"
ID_PLACEHOLDER: Final = "id_placeholder"


class LeftOut(msgspec.Struct, frozen=True, gc=False):
    """A value of an accepted event that was left out, and why."""

    field: str
    code: str
    message: str


class Accepted(NamedTuple):
    """The interaction that an event became, and what was left out of it."""

    event: Interaction
    left_out: tuple[LeftOut, ...] = ()


class NamedIdentities:
    """The identities that one event names, in normal form, and what was left out of them."""

    __slots__ = ("_forms", "found", "left_out")

    def __init__(self, forms: Forms) -> None:
        self._forms = forms
        self.found: list[Identity] = []
        self.left_out: list[LeftOut] = []

    def add(self, kind: str, value: Scalar, field: str) -> Identity | None:
        """Add an identity, or leave out a placeholder; raises Refused, naming the field."""
        try:
            identity = self._forms.identity(kind, value)
        except Refused as error:
            raise Refused(error.code, error.message, field) from error
        if identity is None:
            self.leave_out(field, value)
        else:
            self.found.append(identity)
        return identity

    def add_or_leave_out(self, kind: str, value: Scalar, field: str) -> None:
        """Add a value from a field of free text if it is an identity; otherwise leave it out."""
        try:
            self.add(kind, value, field)
        except Refused as error:
            self.left_out.append(LeftOut(field, error.code, error.message))

    def leave_out(self, field: str, value: object) -> None:
        """Note that a blank value or a placeholder is left out."""
        if value is None or value == [] or (isinstance(value, str) and not value.strip()):
            self.left_out.append(
                LeftOut(field, IDENTITY_BLANK, "The value is blank, so it identifies no person.")
            )
        else:
            message = "The value is a placeholder for an unknown person, so it identifies no person."
            self.left_out.append(LeftOut(field, IDENTITY_PLACEHOLDER, message))

    def is_id(self, value: str, field: str) -> bool:
        """Return whether a text is not a placeholder; a placeholder is noted as left out."""
        if not self._forms.is_placeholder(value):
            return True
        self.leave_out(field, value)
        return False

    def event_id(self, sent_id: str | None, field: str) -> str | None:
        """Return the id that an event came with, None without an id or when the id is a placeholder."""
        if sent_id is None or not self._forms.is_placeholder(sent_id):
            return sent_id
        message = "The value is a placeholder for a missing id. The event got a new id."
        self.left_out.append(LeftOut(field, ID_PLACEHOLDER, message))
        return None
