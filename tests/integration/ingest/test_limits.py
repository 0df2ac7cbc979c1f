"""How much ingest accepts, and what becomes of hostile requests; over HTTP, onto the real log."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.ingest.reading.limits import MAX_BODY_BYTES, MAX_EVENT_BYTES, MAX_EVENTS
from tests.cast import TRACK, VISIT
from tests.support.keys import WRITE_KEY
from tests.support.patience import PATIENCE_SECONDS
from tests.worlds.ingest import BEARER, IngestWorld, serve


def sized(event: dict[str, Any], size: int) -> bytes:
    """The event's JSON, padded to `size` bytes."""
    bare = len(json.dumps(event | {"properties": {"pad": ""}}))
    return json.dumps(event | {"properties": {"pad": "x" * (size - bare)}}).encode()


async def test_gzip_is_read(world: IngestWorld) -> None:
    content = gzip.compress(json.dumps({"batch": [TRACK], "writeKey": WRITE_KEY}).encode())
    world.api.headers.pop("authorization")
    answer = await world.api.post("/v1/batch", content=content, headers={"content-encoding": "gzip"})
    assert answer.status_code == 200
    assert len(await world.interactions()) == 1


@pytest.mark.parametrize(
    ("encoding", "content", "status", "code"),
    [
        ("gzip", gzip.compress(b" " * 100_000_000, mtime=0), 413, "body_too_large"),
        ("gzip", b"{}", 400, "gzip_invalid"),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-4], 400, "gzip_invalid"),
        ("br", b"{}", 400, "encoding_unsupported"),
        ("identity", b" " * (MAX_BODY_BYTES + 1), 413, "body_too_large"),
        ("identity", b'{"batch":', 400, "json_invalid"),
        ("identity", b"", 400, "json_invalid"),
        ("identity", b'{"batch":[\xff]}', 400, "json_invalid"),
        ("identity", b"[]", 400, "shape_invalid"),
        ("identity", b"{}", 400, "shape_invalid"),
        ("identity", b'{"batch":{}}', 400, "shape_invalid"),
        ("identity", b'{"batch":' + b"[" * 100_000, 400, "too_deep"),
        ("identity", b'{"batch":[],"context":{"a":"' + b"x" * 9_000 + b'"}}', 413, "context_too_large"),
        ("identity", b'{"batch":[],"context":{"page":{"a":"\\u0000"}}}', 400, "nul_character"),
    ],
)
async def test_an_invalid_body_is_refused_as_a_whole_and_stored_as_one_dead_letter(
    world: IngestWorld, encoding: str, content: bytes, status: int, code: str
) -> None:
    answer = await world.api.post("/v1/batch", content=content, headers={"content-encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    (letter,) = await world.dead_letters()
    assert (letter.code, letter.source) == (code, "/v1/batch")
    assert len(letter.payload) <= MAX_EVENT_BYTES


@pytest.mark.parametrize("content", ["7", '"text"', "null", "{", ""])
async def test_a_native_body_that_is_not_an_object_or_a_list_is_refused(
    world: IngestWorld, content: str
) -> None:
    answer = await world.api.post("/v1/events", content=content)
    assert answer.status_code == 400
    assert len(await world.dead_letters()) == 1


async def test_an_event_has_at_most_32_kilobytes(world: IngestWorld) -> None:
    most = sized(VISIT, MAX_EVENT_BYTES)
    assert len(most) == MAX_EVENT_BYTES
    assert (await world.api.post("/v1/events", content=most)).json()["results"][0]["status"] == "accepted"
    over = sized(VISIT, MAX_EVENT_BYTES + 1)
    alone = await world.api.post("/v1/events", content=over)
    assert (alone.status_code, alone.json()["code"]) == (413, "event_too_large")
    (verdict,) = (await world.api.post("/v1/events", content=b"[" + over + b"]")).json()["results"]
    assert (verdict["status"], verdict["code"]) == ("refused", "event_too_large")
    call = {"userId": "u1"}
    assert (await world.api.post("/v1/page", content=sized(call, MAX_EVENT_BYTES))).status_code == 200
    answer = await world.api.post("/v1/page", content=sized(call, MAX_EVENT_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "event_too_large")


async def test_a_batch_has_at_most_2500_events(world: IngestWorld) -> None:
    for path, most in (
        ("/v1/events", [VISIT] * MAX_EVENTS),
        ("/v1/batch", {"batch": [TRACK] * MAX_EVENTS}),
    ):
        answer = await world.api.post(path, json=most)
        assert answer.status_code == 200
        assert {result["status"] for result in answer.json()["results"]} == {"accepted"}
    assert len(await world.interactions()) == 2 * MAX_EVENTS
    for path, more in (
        ("/v1/events", [VISIT] * (MAX_EVENTS + 1)),
        ("/v1/batch", {"batch": [TRACK] * (MAX_EVENTS + 1)}),
    ):
        answer = await world.api.post(path, json=more)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_many_events")
    assert len(await world.interactions()) == 2 * MAX_EVENTS


async def test_a_batch_has_at_most_500_kilobytes(world: IngestWorld) -> None:
    for size, status in ((MAX_BODY_BYTES, 200), (MAX_BODY_BYTES + 1, 413)):
        content = json.dumps([VISIT]).encode()
        assert (await world.api.post("/v1/events", content=content.ljust(size))).status_code == status


HOSTILE = {
    "deep": b'{"type":"visit","identities":{"a":"1"},"properties":' + b'{"a":' * 40 + b"1" + b"}" * 41,
    "nul": b'{"type":"visit","identities":{"a":"1"},"properties":{"a":"\\u0000"}}',
    "huge number": b'{"type":"visit","identities":{"a":"1"},"properties":{"a":1e999}}',
    "utf-16": '{"type":"visit"}'.encode("utf-16-le").replace(b"\0", b"\xff"),
}


@pytest.mark.parametrize("hostile", ["deep", "nul", "huge number"])
async def test_a_hostile_event_is_refused_without_affecting_the_rest_of_the_batch(
    world: IngestWorld, hostile: str
) -> None:
    content = b"[" + HOSTILE[hostile] + b"," + json.dumps(VISIT).encode() + b"]"
    results = (await world.api.post("/v1/events", content=content)).json()["results"]
    assert [result["status"] for result in results] == ["refused", "accepted"]
    assert len(await world.dead_letters()) == 1


async def test_a_body_that_is_not_utf_8_is_refused(world: IngestWorld) -> None:
    assert (await world.api.post("/v1/events", content=HOSTILE["utf-16"])).status_code == 400


async def test_a_lone_surrogate_is_replaced_and_the_event_is_accepted(world: IngestWorld) -> None:
    content = json.dumps([VISIT | {"properties": {"title": "\ud83d"}}, VISIT]).encode()
    results = (await world.api.post("/v1/events", content=content)).json()["results"]
    assert {result["status"] for result in results} == {"accepted"}
    assert (await world.interactions())[0].properties == {"title": "\ufffd"}


async def test_the_server_answers_requests_after_a_body_that_was_too_large(
    world: IngestWorld,
) -> None:
    async with (
        serve(world.app) as url,
        httpx.AsyncClient(base_url=url, headers=BEARER, timeout=PATIENCE_SECONDS) as api,
    ):
        too_much = await api.post("/v1/batch", content=b" " * 4_000_000)
        assert (too_much.status_code, too_much.json()["code"]) == (413, "body_too_large")
        assert (await api.post("/v1/track", json=TRACK)).json() == {"success": True}

        async def pieces() -> AsyncIterator[bytes]:
            for piece in json.dumps(TRACK).encode().split(b" "):
                yield piece

        assert (await api.post("/v1/track", content=pieces())).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        f'{{"writeKey":"{WRITE_KEY}"}}',
        f'{{"writeKey":"{WRITE_KEY}","properties":"x"}}',
        f'{{"writeKey":"{WRITE_KEY}',
        rf'{{"\u0077riteKey":"{WRITE_KEY}"}}',
        f'{{"writeKey":["{WRITE_KEY}"]}}',
        json.dumps(json.dumps({"writeKey": WRITE_KEY})),
        str({"writeKey": WRITE_KEY}),
        f"event=visit&writeKey={WRITE_KEY}",
    ],
)
async def test_a_dead_letter_does_not_contain_the_write_key(world: IngestWorld, content: str) -> None:
    """The key in the header is enough, but some programs repeat it in a body with a wrong encoding."""
    await world.api.post("/v1/track", content=content)
    (letter,) = await world.dead_letters()
    assert WRITE_KEY not in letter.payload


async def test_the_envelope_of_a_dead_letter_does_not_contain_the_write_key(world: IngestWorld) -> None:
    batch = {"batch": [{}], "context": {"traits": {"writeKey": WRITE_KEY, "title": "VP"}}}
    await world.api.post("/v1/batch", json=batch)
    (letter,) = await world.dead_letters()
    assert letter.envelope
    assert letter.envelope.context == {"traits": {"writeKey": "-", "title": "VP"}}


async def test_nothing_is_accepted_while_the_log_is_down(world: IngestWorld) -> None:
    for path, body in (
        ("/v1/events", VISIT),
        ("/v1/batch", {"batch": [TRACK]}),
        ("/v1/track", {"userId": "u1"}),
    ):
        world.log.failures = 1
        answer = await world.api.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
        assert answer.headers["retry-after"] == "7"
        assert answer.headers["access-control-allow-origin"] == "*"
    assert await world.interactions() == await world.dead_letters() == []
