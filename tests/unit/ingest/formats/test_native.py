import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.formats.native import read_native
from services.ingest.reading.accepted import Accepted
from services.ingest.reading.sending import Sending
from shared.errors import Refused
from shared.events import Interaction, decode, encode
from shared.identity import Forms

RECEIVED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SENDING = Sending(RECEIVED, lambda: "new", Forms())
ANA = {"email": "Ana@Runner.Example"}
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def read(user_agent: str | None = None, **event: Any) -> Interaction:
    return accepted(user_agent, **event).event


def accepted(user_agent: str | None = None, **event: Any) -> Accepted:
    data = json.dumps({"type": "visit", "identities": ANA} | event).encode()
    return read_native(data, SENDING._replace(user_agent=user_agent))


def refusal(**event: Any) -> tuple[str, str | None]:
    with pytest.raises(Refused) as refused:
        read(**event)
    return refused.value.code, refused.value.field


def test_a_minimal_event_gets_an_id_and_the_time_of_receipt() -> None:
    event = read()
    assert (event.id, event.type, event.occurred_at, event.machine) == ("new", "visit", RECEIVED, None)
    assert event.identities == (("email", "ana@runner.example"),)


def test_all_fields_of_an_event_are_read() -> None:
    event = read(
        id="e-1",
        occurred_at="2015-05-17T10:05:03Z",
        source="twitter",
        campaign="spring",
        properties={"path": "/pricing"},
        traits={"title": "VP"},
    )
    assert event == Interaction(
        id="e-1",
        type="visit",
        identities=read().identities,
        occurred_at=datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC),
        received_at=RECEIVED,
        source="twitter",
        campaign="spring",
        properties={"path": "/pricing"},
        traits={"title": "VP"},
    )


def test_nulls_are_absent() -> None:
    nulls = dict.fromkeys(["id", "occurred_at", "source", "campaign", "properties", "traits"])
    assert read(**nulls) == read()


def test_identities_are_unique_and_sorted_by_strength() -> None:
    event = read(identities={"anonymous_id": ["c1", "c2", "c1"], "facebook": 1234, "user_id": "u1"})
    assert event.identities == (
        ("user_id", "u1"), ("facebook", "1234"), ("anonymous_id", "c1"), ("anonymous_id", "c2")
    )  # fmt: skip


def test_a_former_user_id_is_also_a_user_id() -> None:
    event = read(identities={"user_id": "new-1", "former_user_id": "old-1"})
    assert set(event.identities) == {
        ("user_id", "new-1"), ("user_id", "old-1"), ("former_user_id", "old-1")
    }  # fmt: skip


def test_an_email_trait_is_not_an_identity() -> None:
    assert read(traits={"email": "other@x.example"}).identities == read().identities


@pytest.mark.parametrize(
    ("event", "code", "field"),
    [
        ({"colour": "red"}, "shape_invalid", "colour"),
        ({"type": "v" * 65}, "shape_invalid", "type"),
        ({"type": "Form Submit"}, "type_invalid", "type"),
        ({"type": "adjustment", "properties": {"points": 99}}, "type_reserved", "type"),
        ({"id": "x" * 100}, "shape_invalid", "id"),
        ({"source": "x" * 257}, "shape_invalid", "source"),
        ({"campaign": "x" * 257}, "shape_invalid", "campaign"),
        ({"identities": {}}, "identities_count", "identities"),
        ({"identities": {"email": []}}, "identities_count", "identities.email"),
        ({"identities": {"a": [f"c{n}" for n in range(21)]}}, "identities_count", "identities"),
        ({"identities": {"email": "no address"}}, "identity_value_invalid", "identities.email"),
        ({"identities": {"E-Mail": "a@b.example"}}, "identity_kind_invalid", "identities.E-Mail"),
        ({"identities": {"email": {}}}, "shape_invalid", "identities[...]"),
        ({"identities": {"a": "x" * 257}}, "identity_value_invalid", "identities.a"),
        ({"occurred_at": "soon"}, "instant_invalid", "occurred_at"),
        ({"occurred_at": 1700000000}, "shape_invalid", "occurred_at"),
        ({"properties": []}, "shape_invalid", "properties"),
        ({"properties": {"a": "\0"}}, "nul_character", "properties.a"),
        ({"traits": {f"t{n}": 1 for n in range(201)}}, "too_many_traits", "traits"),
        ({"traits": {"x" * 129: 1}}, "trait_name_too_long", f"traits.{'x' * 64}"),
        ({"traits": {"bio": "x" * 4_095}}, "trait_too_large", "traits.bio"),
        ({"traits": {"tags": ["\u00e4"] * 820}}, "trait_too_large", "traits.tags"),
        ({"properties": {"pad": "x" * 40_000}}, "event_too_large", None),
    ],
)
def test_an_invalid_event_is_refused_with_its_field(
    event: dict[str, Any], code: str, field: str | None
) -> None:
    assert refusal(**event) == (code, field)


def test_limits_are_inclusive() -> None:
    event = read(id="x" * 99, type="v" * 64, source="s" * 256, campaign="c" * 256)
    assert len(event.id) == 99
    traits = {f"t{n}": n for n in range(198)} | {"\U0001f600" * 128: "x" * 4_094, "x" * 128: None}
    assert read(traits=traits).traits == traits


def test_the_user_agent_property_takes_precedence_over_the_header() -> None:
    assert read(properties={"user_agent": GOOGLEBOT}).machine == "crawler"
    assert read(properties={"user_agent": ""}).machine == "no_user_agent"
    assert read(user_agent=GOOGLEBOT).machine == "crawler"
    assert read(user_agent=GOOGLEBOT, properties={"user_agent": "Opera/9.80"}).machine is None


def test_the_user_agent_header_is_stored_as_a_property_except_for_identify() -> None:
    assert read(user_agent="Opera/9.80").properties == {"user_agent": "Opera/9.80"}
    assert read(user_agent="Opera/9.80", type="identify").properties == {}


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(LEAVES, lambda part: st.lists(part) | st.dictionaries(st.text(), part), max_leaves=8)
FIELDS = st.sampled_from(
    ["id", "type", "identities", "occurred_at", "source", "campaign", "properties", "traits", "x"]
)


@given(st.dictionaries(FIELDS, JSON))
def test_any_event_is_refused_or_survives_encoding(changes: dict[str, Any]) -> None:
    with suppress(Refused):
        event = read(**changes)
        assert decode(encode(event)) == event
