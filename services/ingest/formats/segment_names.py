"""The identities in a call of Segment's tracking API: its ids, and the person's own addresses.

An e-mail address among the properties is not always the person's own: "Invite Sent" and similar calls
contain the address of another person. So the properties give identities only in calls that people cause for
themselves: in "Signed Up", where Segment's B2B specification says that `email` and `phone` are the user's,
and in other calls that never contain another person's address.
"""

import re
from typing import Any, Final

from services.ingest.formats.segment_wire import Call, Context
from services.ingest.reading.accepted import NamedIdentities
from shared.errors import Refused
from shared.identity import FORMER_USER_ID, USER_ID, WEAKEST, Identity

OWN_ADDRESS_TYPES: Final = frozenset({
    "signed_up", "sign_up", "user_signed_up", "user_signup", "registered", "user_registered",
    "registration_completed", "signed_in", "logged_in", "login", "trial_started", "trial_start",
    "newsletter_signup", "newsletter_subscribed", "subscribed", "checkout_started", "purchase",
})  # fmt: skip
"""Types of track calls: in these, the properties `email` and `phone` belong to the acting person."""

_ADDRESS_KINDS: Final = ("email", "phone")
_PERSON_COLLECTIONS: Final = (None, "users")
_PLAIN_ENCODINGS: Final = (None, "none")
_NOT_IN_KIND = re.compile(r"[^a-z0-9]+")


def names_in(names: NamedIdentities, call: Call, context: Context, kind: str, type: str) -> None:
    """Add the identities of a call; `kind` is the call's type and `type` that of the interaction it becomes.

    Raises Refused, naming the field, for an invalid id, and for an alias without an earlier id.
    """
    user = names.add(USER_ID, call.user_id, "userId") if call.user_id is not None else None
    if call.anonymous_id is not None:
        names.add(WEAKEST, call.anonymous_id, "anonymousId")
    if kind == "alias":
        _alias(names, call, user)
    # A group's own traits are the company's: its e-mail address names no person.
    if call.traits and kind != "group":
        _own_addresses(names, call.traits, "traits")
    if context.traits:
        _own_addresses(names, context.traits, "context.traits")
    if kind == "track" and call.properties and type in OWN_ADDRESS_TYPES:
        _own_addresses(names, call.properties, "properties")
    if context.external_ids is not None:
        _external(names, context.external_ids)


def _alias(names: NamedIdentities, call: Call, user: Identity | None) -> None:
    """Add the earlier id, which was a user's id or an anonymous id; only the sender knows which."""
    if not names.found:
        raise Refused("field_missing", "An alias call needs a userId that is not a placeholder.", "userId")
    identity_count = len(names.found)
    values = {identity.value for identity in names.found}
    previous = call.previous_id
    if previous is not None:
        former = names.add(FORMER_USER_ID if user is not None else USER_ID, previous, "previousId")
        if former is not None and former.value in values:
            # Segment's browser library gives its anonymousId as previousId.
            names.found.remove(former)
        elif former is not None:
            if user is not None:
                names.add(USER_ID, previous, "previousId")
            if "@" not in former.value:
                names.add(WEAKEST, previous, "previousId")
            return
    if identity_count == 1:
        raise Refused(
            "field_missing",
            "An alias call needs a previousId or an anonymousId beside its userId.",
            "previousId",
        )


def _own_addresses(names: NamedIdentities, fields: dict[str, Any], field: str) -> None:
    for kind in _ADDRESS_KINDS:
        value = fields.get(kind)
        if value is not None and not isinstance(value, list | dict):
            # Web forms accept anything as an address; an invalid one stays a trait and is not an identity.
            names.add_or_leave_out(kind, value, f"{field}.{kind}")


def _external(names: NamedIdentities, external_ids: Any) -> None:
    """Add the people in `context.externalIds`; the accounts in it name a company."""
    items: list[Any] = external_ids if isinstance(external_ids, list) else []
    for index, item in enumerate(items):
        entry: dict[str, Any] = item if isinstance(item, dict) else {}
        kind, value = entry.get("type"), entry.get("id")
        is_person = (
            entry.get("collection") in _PERSON_COLLECTIONS and entry.get("encoding") in _PLAIN_ENCODINGS
        )
        if is_person and isinstance(kind, str) and kind != "group_id" and not isinstance(value, list | dict):
            names.add_or_leave_out(_NOT_IN_KIND.sub("_", kind.lower()), value, f"context.externalIds.{index}")
