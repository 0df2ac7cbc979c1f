"""The webhook body of a lead."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.handoff.payload.body import body_of
from services.handoff.payload.lead import lead_data, lead_notice
from shared.events import LeadQualified, Offer, Reason
from shared.identity import Identity
from tests.support.leads import qualified
from tests.support.webhook_bodies import misfits

LIMIT = 20_000


def body(event: LeadQualified) -> bytes:
    return body_of("lead.qualified", lead_notice(event))


def reasons(count: int, label: str = "Does something") -> tuple[Reason, ...]:
    return tuple(
        Reason(rule=f"rule_{n}", label=label, points=float(n), count=1, paid=1) for n in range(count)
    )


def test_the_body_has_the_lead_with_its_score_reasons_identities_and_links() -> None:
    message = json.loads(body(qualified()))
    assert (message["type"], message["timestamp"]) == ("lead.qualified", "2026-06-01T09:30:00Z")
    data = message["data"]
    assert {name: data[name] for name in ("lead_id", "profile_id", "model", "version", "cycle")} == {
        "lead_id": "lead_1", "profile_id": "profile_1", "model": "marathon", "version": 1, "cycle": 1,
    }  # fmt: skip
    assert (data["score"], data["flip_number"], data["crossed_on"]) == (25, 25, "2026-06-01")
    assert data["reasons"][0] == {
        "rule": "announces", "label": "Announces a marathon", "points": 5, "count": 1,
    }  # fmt: skip
    assert data["identities"][1] == {"kind": "twitter", "value": "antonio_runs"}
    assert data["links"]["score"] == "/v1/profiles/profile_1/scores/marathon?version=1"
    assert data["truncated"] is False


def test_the_body_has_the_audience() -> None:
    assert lead_data(qualified())["audience"] == "sales"
    assert lead_data(qualified(audience="offer"))["audience"] == "offer"


def test_the_body_has_the_campaign_and_the_offer() -> None:
    assert lead_data(qualified())["campaign"] is None
    assert "offer" not in lead_data(qualified())
    data = lead_data(qualified(campaign="maraton", offer=Offer(name="10 %", coupon="MARATON10")))
    assert misfits(body(qualified(campaign="maraton", offer=Offer(name="10 %", coupon="MARATON10")))) == []
    assert (data["campaign"], data["offer"]) == ("maraton", {"name": "10 %", "coupon": "MARATON10"})
    assert lead_data(qualified(offer=Offer(name="10 %")))["offer"] == {"name": "10 %", "coupon": None}
    assert misfits(body(qualified(offer=Offer(name="10 %")))) == []


def test_instants_are_in_utc() -> None:
    event = qualified(qualified_at=datetime(2026, 6, 1, 9, 30, tzinfo=timezone(timedelta(hours=7))))
    assert lead_data(event)["qualified_at"] == "2026-06-01T02:30:00Z"


def test_the_same_event_gives_the_same_bytes() -> None:
    assert body(qualified()) == body(qualified())


def test_long_texts_are_cut_before_traits_are_left_out() -> None:
    data = lead_data(qualified(traits={"essay": "x" * 30_000, "title": "Coach"}))
    assert data["traits"] == {"essay": "x" * 500 + "…", "title": "Coach"}
    assert data["truncated"] is True


def test_the_largest_traits_are_left_out_first() -> None:
    traits: dict[str, Any] = {"title": "Coach", "history": list(range(10_000)), "country": "IT"}
    assert lead_data(qualified(traits=traits))["traits"] == {"title": "Coach", "country": "IT"}


def test_the_reasons_with_most_points_stay_in_order_when_there_are_too_many() -> None:
    kept = [reason["points"] for reason in lead_data(qualified(reasons=reasons(500)))["reasons"]]
    assert kept == sorted(kept)
    assert kept[-1] == 499
    assert kept[0] == 500 - len(kept)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=30)
@given(
    traits=st.dictionaries(
        st.sampled_from(["email", "firstName", "last_name", "name", "company", "title", "x", "y"]),
        json_values,
    ),
    scale=st.sampled_from([1, 100, 20_000]),
    many=st.integers(0, 300),
    label=st.text(max_size=200),
)
def test_the_body_stays_small_and_has_the_fields_that_a_crm_requires(
    traits: dict[str, Any], scale: int, many: int, label: str
) -> None:
    traits = {name: value * scale if isinstance(value, str) else value for name, value in traits.items()}
    identities = tuple(Identity("user_id", f"{n}" + "\x01" * 250) for n in range(many))
    encoded = body(qualified(traits=traits, reasons=reasons(many, label), identities=identities))
    data = json.loads(encoded)["data"]
    assert len(encoded) < LIMIT
    assert misfits(encoded) == []
    assert data["person"]["last_name"]
    assert data["company"]["name"]
