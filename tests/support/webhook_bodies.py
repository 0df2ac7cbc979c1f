"""Bodies of webhooks, compared with the schemas that the API description has for them."""

import json
from functools import cache
from typing import Any

from fastapi.openapi.utils import get_openapi

from services.handoff.payload.types import OFFERED
from services.handoff.routes.sent import described
from tests.support.schemas import differences


@cache
def description() -> dict[str, Any]:
    """Return an API description of nothing but the webhooks."""
    return get_openapi(title="webhooks", version="1", routes=[], webhooks=described(OFFERED))


def misfits(body: bytes) -> list[str]:
    """Return how a body differs from the schema of its type; raises KeyError for a type without a schema."""
    document, parsed = description(), json.loads(body)
    request = document["webhooks"][parsed["type"]]["post"]["requestBody"]
    return list(differences(document, request["content"]["application/json"]["schema"], parsed))
