"""Events of trackers over HTTP, and the events on the log afterwards."""

import asyncio
import json
import re
from base64 import b64encode
from typing import Any

import httpx
import pytest

from tests.cast import TRACK, VISIT
from tests.support.builders import NOON
from tests.support.keys import OPS_KEY, SECOND_WRITE_KEY, WRITE_KEY
from tests.support.patience import PATIENCE_SECONDS
from tests.worlds.ingest import BEARER, IngestWorld, serve


def basic(user: str) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{user}:".encode()).decode()}


async def test_an_accepted_event_is_on_the_log_when_the_response_arrives(world: IngestWorld) -> None:
    answer = await world.api.post("/v1/events", json=VISIT | {"id": "e1"})
    assert (answer.status_code, answer.json()) == (200, {"results": [{"id": "e1", "status": "accepted"}]})
    (event,) = await world.interactions()
    assert (event.id, event.type, event.received_at) == ("e1", "visit", NOON)


async def test_verdicts_follow_the_order_of_the_list_and_only_bad_events_are_refused(
    world: IngestWorld,
) -> None:
    events = [VISIT | {"id": "a"}, 7, VISIT | {"id": "b", "colour": 1}, None, VISIT | {"id": "c"}, []]
    results = (await world.api.post("/v1/events", json=events)).json()["results"]
    assert [(result["id"], result["status"]) for result in results] == [
        ("a", "accepted"),
        (None, "refused"),
        ("b", "refused"),
        (None, "refused"),
        ("c", "accepted"),
        (None, "refused"),
    ]
    assert (results[2]["code"], results[2]["field"]) == ("shape_invalid", "colour")
    assert [event.id for event in await world.interactions()] == ["a", "c"]
    letters = await world.dead_letters()
    assert [json.loads(letter.payload) for letter in letters] == [7, events[2], None, []]
    assert {(letter.refused_by, letter.source, letter.code) for letter in letters} == {
        ("ingest", "/v1/events", "shape_invalid")
    }


@pytest.mark.parametrize(
    ("event", "code", "field"),
    [
        (VISIT | {"colour": 1}, "shape_invalid", "colour"),
        (VISIT | {"type": "Page Visit"}, "type_invalid", "type"),
        (VISIT | {"identities": {}}, "identities_count", "identities"),
        (VISIT | {"occurred_at": "yesterday"}, "instant_invalid", "occurred_at"),
        (VISIT | {"traits": {"x" * 129: 1}}, "trait_name_too_long", "traits." + "x" * 64),
    ],
)
async def test_a_bad_event_gets_a_problem_when_alone_and_a_verdict_in_a_list(
    world: IngestWorld, event: dict[str, Any], code: str, field: str
) -> None:
    # As a browser's beacon sends the body.
    content = json.dumps(event | {"id": "e1"}).encode()
    headers = {"content-type": "text/plain;charset=UTF-8", "origin": "https://shop.example"}
    alone = await world.api.post("/v1/events", content=content, headers=headers)
    assert alone.headers["content-type"] == "application/problem+json"
    assert alone.headers["access-control-allow-origin"] == "*"
    problem = alone.json()
    assert (alone.status_code, problem["code"], problem["field"]) == (400, code, field)

    listed = await world.api.post("/v1/events", content=b"[" + content + b"]", headers=headers)
    (verdict,) = listed.json()["results"]
    assert (listed.status_code, verdict["id"], verdict["status"]) == (200, "e1", "refused")
    assert (verdict["code"], verdict["field"], verdict["message"]) == (code, field, problem["message"])
    first, second = await world.dead_letters()
    assert (first.payload, first.code, first.message) == (second.payload, second.code, second.message)
    assert await world.interactions() == []


async def test_an_event_without_an_id_gets_a_new_id(world: IngestWorld) -> None:
    (result,) = (await world.api.post("/v1/events", json=VISIT)).json()["results"]
    (event,) = await world.interactions()
    assert result["id"] == event.id


async def test_an_empty_list_is_no_error(world: IngestWorld) -> None:
    answer = await world.api.post("/v1/events", json=[])
    assert (answer.status_code, answer.json()) == (200, {"results": []})


@pytest.mark.parametrize(
    ("headers", "query", "body"),
    [
        ({"authorization": f"Bearer {SECOND_WRITE_KEY}"}, "", {}),
        (basic(WRITE_KEY), "", {}),
        ({}, f"?writeKey={WRITE_KEY}", {}),
        ({}, f"?writekey={WRITE_KEY}", {}),
        ({}, "", {"writeKey": WRITE_KEY}),
        ({"authorization": "Bearer an-oauth-token"}, "", {"writeKey": WRITE_KEY}),
    ],
)
@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch", "/v1/events"])
async def test_the_write_key_is_found_in_every_supported_location(
    world: IngestWorld, headers: dict[str, str], query: str, body: dict[str, Any], path: str
) -> None:
    world.api.headers.pop("authorization")
    event = {"/v1/track": TRACK, "/v1/batch": {"batch": [TRACK]}, "/v1/events": VISIT}[path]
    answer = await world.api.post(path + query, json=event | body, headers=headers)
    assert answer.status_code == 200
    assert len(await world.interactions()) == 1


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({}, json.dumps(TRACK)),
        ({}, json.dumps(TRACK | {"writeKey": 7})),
        ({}, "{"),
        ({}, "[" * 100_000),
        ({"authorization": f"Bearer {OPS_KEY}"}, json.dumps(TRACK)),
        ({"authorization": "Basic %%%"}, json.dumps(TRACK)),
        ({"authorization": "Basic d3JpdGU="}, json.dumps(TRACK)),
    ],
)
async def test_a_request_without_a_valid_key_stores_nothing(
    world: IngestWorld, headers: dict[str, str], content: str
) -> None:
    world.api.headers.pop("authorization")
    answer = await world.api.post("/v1/track", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "write_key_invalid")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert await world.interactions() == await world.dead_letters() == []


@pytest.mark.parametrize(
    "content_type", ["text/plain;charset=UTF-8", "application/x-www-form-urlencoded", None]
)
async def test_the_content_type_does_not_matter(world: IngestWorld, content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type else {}
    answer = await world.api.post("/v1/t", content=json.dumps(TRACK), headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/v1/events", "/v1/batch", "/v1/t"])
async def test_a_browser_may_post_from_any_page(world: IngestWorld, path: str) -> None:
    preflight = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    allowed = await world.api.options(path, headers=preflight)
    assert allowed.is_success
    assert allowed.headers["access-control-allow-origin"] == "*"
    assert {"authorization", "content-type"} <= set(
        allowed.headers["access-control-allow-headers"].split(", ")
    )
    assert int(allowed.headers["access-control-max-age"]) > 0
    for headers in (BEARER, {"authorization": "Bearer wrong"}):
        answer = await world.api.post(path, json={}, headers=headers)
        assert answer.headers["access-control-allow-origin"] == "*"


async def test_only_a_browser_is_judged_by_the_user_agent_it_sends(world: IngestWorld) -> None:
    bot = {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
    await world.api.post(
        "/v1/p", json={"anonymousId": "c1"}, headers=bot | {"origin": "https://shop.example"}
    )
    await world.api.post("/v1/p", json={"anonymousId": "c1"}, headers={"user-agent": "python-requests/2.32"})
    browser, server = await world.interactions()
    assert (browser.machine, server.machine) == ("crawler", None)


async def test_other_methods_are_not_allowed(world: IngestWorld) -> None:
    answer = await world.api.get("/v1/track")
    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")


async def test_openapi_describes_every_ingest_path_with_a_working_example(world: IngestWorld) -> None:
    document = (await world.api.get("/openapi.json")).json()
    calls = {"track", "t", "identify", "i", "page", "p", "screen", "s", "group", "g", "alias", "a"}
    posted = {f"/v1/{name}" for name in {"events", "batch", "b"} | calls}
    for path in posted:
        operation = document["paths"][path]["post"]
        body = operation["requestBody"]["content"]["application/json"]
        assert (await world.api.post(path, json=body["example"])).status_code == 200
        assert {"200", "400", "401", "413", "503"} <= set(operation["responses"])
    shown = json.dumps([item for path, item in document["paths"].items() if path in posted])
    assert set(re.findall(r'"\$ref": "([^"]+)"', shown)) == {"#/components/schemas/Problem"}
    assert "Problem" in document["components"]["schemas"]
    assert await world.dead_letters() == []


async def test_readiness_checks_the_log(world: IngestWorld) -> None:
    assert (await world.api.get("/readyz")).json()["checks"] == {"log": "ok"}


async def test_a_client_that_disconnects_mid_request_leaves_no_event_and_no_dead_letter(
    world: IngestWorld,
) -> None:
    async with serve(world.app) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = [
            "POST /v1/track HTTP/1.1",
            "Host: a",
            f"Authorization: Bearer {WRITE_KEY}",
            "Content-Length: 99",
        ]
        writer.write("\r\n".join([*head, "", '{"userId"']).encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        async with httpx.AsyncClient(base_url=url, headers=BEARER, timeout=PATIENCE_SECONDS) as api:
            assert (await api.post("/v1/track", json=TRACK)).status_code == 200
    assert reader.at_eof()
    assert [event.type for event in await world.interactions()] == ["purchase"]
    assert await world.dead_letters() == []
