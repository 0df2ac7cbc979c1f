"""The webhook body of a change of stage."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.handoff.payload.body import body_of
from services.handoff.payload.stage import stage_data, stage_notice
from shared.events import StageChanged
from shared.identity import Identity
from tests.support.leads import stage_changed
from tests.support.webhook_bodies import misfits

LIMIT = 20_000


def body(event: StageChanged) -> bytes:
    return body_of("profile.stage_changed", stage_notice(event))


def test_the_body_has_the_profile_and_the_stages_before_and_after() -> None:
    assert json.loads(body(stage_changed())) == {
        "type": "profile.stage_changed",
        "timestamp": "2026-05-01T09:30:00Z",
        "data": {
            "profile_id": "profile_1",
            "model": "marathon",
            "version": 1,
            "before": "aware",
            "after": "engaged",
            "score": 15,
            "changed_at": "2026-05-01T09:30:00Z",
            "identities": [
                {"kind": "email", "value": "antonio@example.com"},
                {"kind": "twitter", "value": "antonio_runs"},
            ],
            "links": {
                "profile": "/v1/profiles/profile_1",
                "score": "/v1/profiles/profile_1/scores/marathon?version=1",
            },
            "truncated": False,
        },
    }


def test_a_stage_below_all_stages_is_sent_as_null() -> None:
    for stage in ("before", "after"):
        below: dict[str, Any] = {stage: None}
        assert stage_data(stage_changed(**below))[stage] is None
        assert misfits(body(stage_changed(**below))) == []


def test_instants_are_in_utc() -> None:
    event = stage_changed(changed_at=datetime(2026, 5, 1, 9, 30, tzinfo=timezone(timedelta(hours=7))))
    assert stage_data(event)["changed_at"] == "2026-05-01T02:30:00Z"


def test_the_same_event_gives_the_same_bytes() -> None:
    assert body(stage_changed()) == body(stage_changed())


def test_the_strongest_identities_fill_the_body_when_there_are_too_many() -> None:
    identities = tuple(Identity("anonymous_id", f"cookie-{number}") for number in range(1_000))
    data = stage_data(stage_changed(identities=identities))
    kept = [identity["value"] for identity in data["identities"]]
    assert kept == [value for _, value in identities[: len(kept)]]
    assert data["truncated"] is True
    assert LIMIT - 500 < len(body(stage_changed(identities=identities))) < LIMIT


@settings(max_examples=30)
@given(
    count=st.integers(0, 500),
    value=st.text(min_size=1, max_size=250),
    score=st.floats(allow_nan=False, allow_infinity=False),
)
def test_the_body_stays_small_and_truncated_is_set_when_identities_are_left_out(
    count: int, value: str, score: float
) -> None:
    identities = tuple(Identity("user_id", f"{number}{value}") for number in range(count))
    encoded = body(stage_changed(identities=identities, score=score))
    data = json.loads(encoded)["data"]
    assert len(encoded) < LIMIT
    assert misfits(encoded) == []
    assert data["truncated"] is (len(data["identities"]) < count)
