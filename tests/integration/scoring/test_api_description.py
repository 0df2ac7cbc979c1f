"""The API's description, compared with the real answers of the routes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.database.engine import Database
from tests.support.builders import interaction
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld, run_scoring

PROBLEM = {"$ref": "#/components/schemas/Problem"}


@pytest.fixture
async def scoring(sqlite_url: str, tmp_path: Path) -> AsyncIterator[ScoringHttpWorld]:
    database = Database(sqlite_url)
    async with run_scoring(database, tmp_path) as running:
        yield running
    await database.close()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, each in document["paths"].items():
        for method, operation in each.items():
            yield path, method, operation


def example_of(document: dict[str, Any], operation: dict[str, Any]) -> Any:
    """Return the example of a body, from beside its schema or from within it."""
    body = operation["requestBody"]["content"]["application/json"]
    if "examples" in body:
        return next(iter(body["examples"].values()))["value"]
    schema = body["schema"]
    name = (schema if "$ref" in schema else schema["anyOf"][0])["$ref"].rpartition("/")[2]
    return document["components"]["schemas"][name]["examples"][0]


# (method, path in the description, its parts, request, status)
REFUSALS: list[tuple[str, str, dict[str, str], dict[str, Any], int]] = [
    ("get", "/v1/models", {}, {"params": {"limt": "1"}}, 400),
    ("get", "/v1/models", {}, {"headers": {"Authorization": ""}}, 401),
    ("get", "/v1/models/{model}/draft", {"model": "none"}, {}, 404),
    ("put", "/v1/models/{model}/draft", {"model": "m"}, {"json": {"rules": []}}, 400),
    ("put", "/v1/models/{model}/draft", {"model": "m"}, {"json": [1]}, 422),
    ("put", "/v1/models/{model}/draft", {"model": "m"}, {"content": b"{}"}, 415),
    ("put", "/v1/models/{model}/draft", {"model": "m"}, {"content": b" " * 2_000_001}, 413),
    (
        "put", "/v1/models/{model}/draft", {"model": "m"},
        {"json": MARATHON | {"flip_number": 11}, "headers": {"If-Match": '"x"'}}, 412,
    ),
    ("post", "/v1/models/{model}/activate", {"model": "m"}, {}, 404),
    ("post", "/v1/models/{model}/activate", {"model": "m"}, {"json": {"version": 1}}, 409),
    ("post", "/v1/models/{model}/activate", {"model": "m"}, {"headers": {"If-Match": '"x"'}}, 412),
    ("post", "/v1/models/{model}/activate", {"model": "m"}, {"json": {"handof": "all"}}, 422),
    ("get", "/v1/profiles", {}, {"params": {"model": "none"}}, 400),
    ("get", "/v1/profiles", {}, {"params": {"limit": "0"}}, 422),
    ("get", "/v1/companies", {}, {"params": {"model": "drafted"}}, 404),
    ("get", "/v1/profiles/{profile_id}", {"profile_id": "nobody"}, {}, 404),
    ("post", "/v1/profiles/{profile_id}/unmerge", {"profile_id": "nobody"}, {"json": {}}, 422),
]  # fmt: skip


async def test_refusals_match_the_responses_that_openapi_describes(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await scoring.put("/v1/models/drafted/draft", MARATHON)
    document = await scoring.get("/openapi.json")
    schema = document["components"]["schemas"]["Problem"]
    for method, path, parts, request, status in REFUSALS:
        answer = await scoring.http.request(method, path.format(**parts), **request)
        assert answer.status_code == status, (method, path, request, answer.text)
        described = document["paths"][path][method]["responses"][str(status)]
        assert described["content"] == {"application/problem+json": {"schema": PROBLEM}}
        assert described["description"]
        assert set(schema["required"]) <= answer.json().keys() <= schema["properties"].keys()
    assert not {"HTTPValidationError", "ValidationError"} & document["components"]["schemas"].keys()


async def test_openapi_describes_authorization_and_has_a_working_example_of_every_body(
    scoring: ScoringHttpWorld,
) -> None:
    document = await scoring.get("/openapi.json")
    (scheme,) = document["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    await scoring.activate_document(model="purchase_intent")
    await scoring.consume(
        interaction("email_open", known_as={"email": "ana@example.com", "anonymous_id": "cookie-1"})
    )
    profile = (await scoring.find_profile())["id"]
    asked: list[str] = []
    for path, method, operation in operations(document):
        assert ("security" in operation) == path.startswith("/v1/")
        if "requestBody" not in operation:
            continue
        url = path.format(model="purchase_intent", profile_id=profile)
        answer: httpx.Response = await scoring.http.request(method, url, json=example_of(document, operation))
        assert answer.status_code == 200, (path, answer.text)
        asked.append(path)
    assert len(asked) == 6
