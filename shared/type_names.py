"""How names of events become names of types: in snake_case, and with our names for Segment's event specs."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

# Only where the meaning is the same: a "Product Viewed" is sent together with a page call, and would count
# twice. A name that is already ours in snake_case, such as "Email Delivered", needs no line. The table is
# in docs/ingest.md.
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
    spelled = "".join(
        char if char.isalnum() or unicodedata.category(char)[0] == "M" else " " for char in spaced
    )
    return "_".join(spelled.lower().split())


def type_of(name: str) -> str:
    """Return the type that a Segment event of this name becomes; "" when nothing is left of the name."""
    own = snake_case(name)
    return SEGMENT_TYPES.get(own, own)
