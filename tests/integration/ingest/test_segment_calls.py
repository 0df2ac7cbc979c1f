"""Calls of Segment's libraries over HTTP, and the events on the log afterwards."""

from datetime import timedelta

import pytest

from tests.cast import TRACK
from tests.support.builders import NOON
from tests.worlds.ingest import IngestWorld


@pytest.mark.parametrize("path", ["/v1/track", "/v1/t"])
async def test_a_segment_call_is_answered_as_its_libraries_expect(world: IngestWorld, path: str) -> None:
    answer = await world.api.post(path, json=TRACK)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert [event.type for event in await world.interactions()] == ["purchase"]


@pytest.mark.parametrize(
    ("path", "type"),
    [
        ("identify", "identify"), ("i", "identify"), ("page", "visit"), ("p", "visit"), ("screen", "visit"),
        ("s", "visit"), ("group", "identify"), ("g", "identify"), ("alias", "identify"), ("a", "identify"),
    ],
)  # fmt: skip
async def test_every_path_of_the_segment_api_gives_its_interaction_type(
    world: IngestWorld, path: str, type: str
) -> None:
    call = {"userId": "u1", "groupId": "g1", "previousId": "c1", "type": "nonsense"}
    assert (await world.api.post(f"/v1/{path}", json=call)).status_code == 200
    assert [event.type for event in await world.interactions()] == [type]


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b"])
async def test_a_batch_shares_clock_and_context_and_has_a_verdict_for_each_call(
    world: IngestWorld, path: str
) -> None:
    ahead = NOON + timedelta(hours=3)
    batch = {
        "batch": [
            TRACK | {"messageId": "m1", "timestamp": (ahead - timedelta(minutes=1)).isoformat()},
            {"type": "page", "messageId": "m2"},
            {"type": "page", "messageId": "m3", "anonymousId": "c1", "context": {"library": {"name": "own"}}},
        ],
        "sentAt": ahead.isoformat(),
        "context": {"library": {"name": "common"}, "campaign": {"name": "spring"}},
        "writeKey": None,
    }
    answer = await world.api.post(path, json=batch)
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    assert [(result["id"], result["status"]) for result in answer.json()["results"]] == [
        ("m1", "accepted"), ("m2", "refused"), ("m3", "accepted")
    ]  # fmt: skip
    first, second = await world.interactions()
    assert (first.occurred_at, first.source, first.campaign) == (
        NOON - timedelta(minutes=1),
        "common",
        "spring",
    )
    assert (second.source, second.campaign) == ("own", "spring")
    assert [letter.code for letter in await world.dead_letters()] == ["identities_count"]


async def test_a_refused_single_call_is_a_problem_and_a_dead_letter(world: IngestWorld) -> None:
    answer = await world.api.post("/v1/track", json={"userId": "u1"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["field"]) == ("field_missing", "event")
    assert problem["message"] == problem["detail"]
    assert [letter.payload for letter in await world.dead_letters()] == ['{"userId":"u1"}']
