"""The names of interaction types: ours, and how the names of Segment's event specs become ours."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from services.ingest.limits import MAX_TYPE_LENGTH
from shared.errors import Refused
from shared.events import RESERVED_TYPES

# Only where the meaning is the same: a "Product Viewed" comes beside a page call, and would count it twice.
# A name that is already ours in snake_case, such as "Email Delivered", needs no line. README.md has
# the table.
SEGMENT_TYPES: Final = {
    # Email
    "email_bounced": "email_bounce",
    "email_link_clicked": "email_click",
    "email_opened": "email_open",
    "unsubscribed": "email_unsubscribe",
    "email_unsubscribed": "email_unsubscribe",
    # Ecommerce, the older version too
    "order_completed": "purchase",
    "completed_order": "purchase",
    "order_refunded": "refund",
    "product_reviewed": "review",
    "product_shared": "share",
    "cart_shared": "share",
    # B2B SaaS
    "trial_started": "trial_start",
}

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@lru_cache(maxsize=4_096)
def snake_case(name: str) -> str:
    """Return the name in lower case, its words joined by `_`; letters and digits of any script are kept."""
    spaced = _WORD_START.sub(" ", unicodedata.normalize("NFC", name))
    kept = "".join(char if char.isalnum() or unicodedata.category(char)[0] == "M" else " " for char in spaced)
    return "_".join(kept.lower().split())


def checked_type(name: str) -> str:
    """Return the name of a native type; raises Refused unless it is in snake_case and not reserved."""
    if not name or snake_case(name) != name:
        suggestion = snake_case(name)[:MAX_TYPE_LENGTH] or "form_submit"
        raise Refused("type_invalid", f"A type is in snake_case, such as {suggestion!r}.", "type")
    return _unreserved(name, "type")


def track_type(name: str) -> str:
    """Return the type of a Segment track call.

    Raises Refused when its name leaves none, a long one, or one that is reserved.
    """
    own = snake_case(name)
    if not 0 < len(own) <= MAX_TYPE_LENGTH:
        message = f"An event's name has 1 to {MAX_TYPE_LENGTH} characters in snake_case."
        raise Refused("type_invalid", message, "event")
    return _unreserved(SEGMENT_TYPES.get(own, own), "event")


def _unreserved(type: str, field: str) -> str:
    """Return the type; raises Refused, naming the field, when trackers may not post it."""
    if type in RESERVED_TYPES:
        # A write key stands in every web page that has a tracker: whoever reads it could make anybody a lead.
        message = (
            f"No tracker may post the type {type!r}: points are added by hand through "
            "POST /v1/profiles/{id}/adjustments with an ops key."
        )
        raise Refused("type_reserved", message, field)
    return type
