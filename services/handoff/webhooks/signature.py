"""Standard Webhooks 1.0.0 signatures: HMAC-SHA256 over the exact bytes that are sent.

Our own signer, because the reference library takes text and datetimes: it relabels an aware datetime as
UTC, after which no receiver can verify the signature.
"""

import base64
import hmac
from collections.abc import Sequence

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix by which receivers' libraries recognise a secret
SECRET_BYTES = 32


def secret_of(random_bytes: bytes) -> str:
    """Return the bytes as the text that is shown to the caller: `whsec_` and base64."""
    return SECRET_PREFIX + base64.b64encode(random_bytes).decode()


def can_sign(secret: str) -> bool:
    """Return whether the text is a well-formed secret."""
    try:
        return bool(base64.b64decode(secret.removeprefix(SECRET_PREFIX)))
    except ValueError:
        return False


def signature(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """Return one `v1,<base64>` per secret, separated by spaces; the receiver accepts any that matches."""
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return " ".join(f"v1,{_hmac(secret, signed)}" for secret in secrets)


def signed_headers(
    secrets: Sequence[str], message_id: str, timestamp: int, body: bytes
) -> list[tuple[str, str]]:
    """Return the three headers of a message sent at a Unix timestamp in whole seconds."""
    return [
        ("webhook-id", message_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", signature(secrets, message_id, timestamp, body)),
    ]


def _hmac(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
