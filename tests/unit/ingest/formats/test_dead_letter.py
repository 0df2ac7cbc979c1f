"""The result of reading a dead letter again."""

import json
from base64 import b64encode
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.ingest.formats.dead_letter import records_of
from services.ingest.formats.native import NATIVE
from services.ingest.formats.segment import SEGMENT, read_calls
from services.ingest.reading.outcome import MAX_PAYLOAD_BYTES, Refusal, dead_letter
from services.ingest.reading.sending import Sending
from shared.errors import Refused
from shared.events import (
    INTERACTIONS,
    LEADS,
    MATRICES,
    DeadLetter,
    Envelope,
    Event,
    Interaction,
    Retraction,
    StageChanged,
    decode,
    encode,
    key_of,
)
from shared.identity import Forms
from shared.model_events import MatrixActivated
from shared.payload import payload_of
from tests.cast import ANA, VISIT
from tests.support.builders import NOON, interaction
from tests.worlds.dead_letters import letter

FORMS = Forms()


def refused_by_ingest(payload: Any, path: str = "/v1/events", **fields: Any) -> DeadLetter:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return letter(payload=text, source=path, refused_by="ingest", **fields)


def parked(event: Event | bytes, topic: str = INTERACTIONS, **fields: Any) -> DeadLetter:
    data = event if isinstance(event, bytes) else encode(event)
    return letter(**{"source": f"{topic}/3/41"} | payload_of(data)._asdict() | fields)


def interactions(stored: DeadLetter) -> list[Interaction]:
    records = records_of(stored, FORMS)
    events = [decode(record.value) for record in records]
    assert [(record.topic, record.key) for record in records] == [
        (INTERACTIONS, key_of(event)) for event in events
    ]
    return [event for event in events if isinstance(event, Interaction)]


def why(stored: DeadLetter) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        records_of(stored, FORMS)
    return refused.value.code, refused.value.message


@pytest.mark.parametrize(
    ("topic", "event", "key"),
    [
        (INTERACTIONS, interaction(), ANA.id),
        (
            INTERACTIONS,
            Retraction(
                id="r", identity=ANA, interactions=("e",), reason="bot", author="a", retracted_at=NOON
            ),
            ANA.id,
        ),
        (
            LEADS,
            StageChanged(
                id="s", profile_id="p1", model="m", version=1, before=None, after="aware", score=5.0,
                changed_at=NOON, identities=(ANA,),
            ),
            "p1",
        ),
        (
            MATRICES,
            MatrixActivated(id="m", model="m1", version=1, matrix={}, handoff="all", activated_at=NOON),
            "m1",
        ),
    ],
)  # fmt: skip
def test_a_replayed_message_has_its_topic_key_and_bytes_unchanged(topic: str, event: Event, key: str) -> None:
    spaced = encode(event).replace(b":", b" : ", 1)
    (record,) = records_of(parked(spaced, topic), FORMS)
    assert record == (topic, key, spaced)


def test_a_payload_in_base64_is_replayed_as_its_bytes() -> None:
    data = encode(interaction())
    (record,) = records_of(parked(data, payload=b64encode(data).decode(), encoding="base64"), FORMS)
    assert record.value == data


@pytest.mark.parametrize(
    ("stored", "code"),
    [
        (parked(b"no event"), "undecodable"),
        (parked(b'{"event":"interaction.99","id":"1"}'), "undecodable"),
        (parked(msgspec.structs.replace(interaction(), identities=())), "identities_missing"),
        (parked(interaction(), excerpt=True), "payload_incomplete"),
        (parked(interaction(), encoding="base64"), "payload_invalid"),
        (parked(interaction(), source="elsewhere/0/1"), "source_unknown"),
        (parked(interaction(), source="interactions/0"), "source_unknown"),
        (parked(interaction(), source="interactions/0/1/"), "source_unknown"),
        (parked(interaction(), source="interactions/-1/1"), "source_unknown"),
        (parked(interaction(), source=None), "source_unknown"),
        (refused_by_ingest(VISIT, "/v1/nonsense"), "source_unknown"),
        (refused_by_ingest({"type": "Visit"} | {"identities": {"email": "a@b.example"}}), "type_invalid"),
        (refused_by_ingest(VISIT, "/v1/batch"), "type_invalid"),
        (refused_by_ingest("7"), "body_invalid"),
        (refused_by_ingest("null", "/v1/track"), "shape_invalid"),
        (refused_by_ingest("{" * 5_000, "/v1/batch"), "json_invalid"),
        (refused_by_ingest('{"batch":[' + "[" * 5_000, "/v1/b"), "too_deep"),
        (refused_by_ingest(VISIT, envelope=Envelope(context={"page": 7})), "envelope_invalid"),
        # A letter of a version that cut payloads without a mark.
        (refused_by_ingest('{"a":"' + "x" * (MAX_PAYLOAD_BYTES - 6)), "payload_incomplete"),
    ],
)
def test_a_dead_letter_that_cannot_be_replayed_is_refused_with_a_code(stored: DeadLetter, code: str) -> None:
    assert why(stored)[0] == code


@pytest.mark.parametrize("path", [path.path for path in (*NATIVE.paths, *SEGMENT.paths)])
def test_a_dead_letter_is_read_by_the_reader_of_its_path(path: str) -> None:
    body: dict[str, Any] = {"userId": "u1", "groupId": "g1", "previousId": "c1", "event": "Signed Up"}
    body = VISIT if path == "/v1/events" else body
    body = {"batch": [body | {"type": "track"}]} if path in {"/v1/batch", "/v1/b"} else body
    (event,) = interactions(refused_by_ingest(body, path))
    assert (event.received_at, event.occurred_at) == (NOON, NOON)


def test_a_single_batch_call_and_a_whole_batch_are_both_replayed() -> None:
    call = {"type": "track", "userId": "u1", "event": "Signed Up", "messageId": "m1"}
    assert [event.id for event in interactions(refused_by_ingest(call, "/v1/b"))] == ["m1"]
    assert [event.id for event in interactions(refused_by_ingest({"batch": [call, call]}, "/v1/b"))] == [
        "m1",
        "m1",
    ]


def test_replayed_events_without_an_id_get_stable_ids_that_differ_per_dead_letter() -> None:
    first, again = (interactions(refused_by_ingest([VISIT, VISIT])) for _ in range(2))
    (other, _) = interactions(refused_by_ingest([VISIT, VISIT], id="dead_2"))
    assert first == again
    assert len({first[0].id, first[1].id, other.id}) == 3


def test_a_body_with_any_refused_event_is_not_replayed() -> None:
    code, message = why(refused_by_ingest([VISIT, {"type": "x"}, VISIT, 7]))
    assert code == "shape_invalid"
    assert message.startswith("2 of its 4 events are refused. The first reason: ")


def test_a_replayed_batch_call_gets_the_clock_campaign_and_user_agent_of_its_batch() -> None:
    """Its clock, its campaign and its browser: without them a crawler would be a person."""
    sent = NOON + timedelta(hours=3)
    body = {
        "batch": [{"type": "Track", "userId": "u1", "event": "Signed Up", "timestamp": sent.isoformat()}],
        "sentAt": sent.isoformat(),
        "context": {"campaign": {"name": "spring"}},
    }
    agent = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)" + "x" * 9_000
    sending = Sending(NOON, lambda: "new", FORMS, agent)
    (refusal,) = read_calls(json.dumps(body).encode(), sending)
    assert isinstance(refusal, Refusal)
    recorded = dead_letter(
        refusal, id="dead_1", refused_at=NOON, source="/v1/batch", redaction=SEGMENT.redaction
    )
    written = decode(encode(recorded))
    assert isinstance(written, DeadLetter)
    mended = msgspec.structs.replace(written, payload=written.payload.replace('"Track"', '"track"'))
    (event,) = interactions(mended)
    assert (event.occurred_at, event.campaign, event.machine) == (NOON, "spring", "crawler")
    assert len(encode(written)) < 2_000, "a browser's name may be as long as its sender likes"
