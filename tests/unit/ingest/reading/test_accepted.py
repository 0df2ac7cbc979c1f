"""Parts of an accepted event that are left out, and the answer that names them."""

from typing import Any

import msgspec
import pytest

from services.ingest.formats.native import NATIVE, answer
from services.ingest.formats.segment import SEGMENT, answer_call, answer_calls
from services.ingest.reading.accepted import Accepted
from shared.errors import Refused
from tests.unit.ingest.formats.segment_calls import accepted as call
from tests.unit.ingest.formats.test_native import accepted as event


def left_out_of(accepted: Accepted) -> list[tuple[str, str]]:
    return [(left.field, left.code) for left in accepted.left_out]


@pytest.mark.parametrize(
    ("identities", "left_out"),
    [
        ({"user_id": 0}, [("identities.user_id", "identity_placeholder")]),
        ({"user_id": "undefined"}, [("identities.user_id", "identity_placeholder")]),
        ({"user_id": False}, [("identities.user_id", "identity_placeholder")]),
        ({"user_id": 0.0}, [("identities.user_id", "identity_placeholder")]),
        ({"phone": "%%PHONE%%"}, [("identities.phone", "identity_placeholder")]),
        ({"phone": ""}, [("identities.phone", "identity_blank")]),
        ({"phone": None}, [("identities.phone", "identity_blank")]),
        ({"phone": []}, [("identities.phone", "identity_blank")]),
        (
            {"user_id": ["u1", None, "null"]},
            [("identities.user_id.1", "identity_blank"), ("identities.user_id.2", "identity_placeholder")],
        ),
    ],
)
def test_a_placeholder_or_blank_beside_a_valid_identity_is_left_out(
    identities: dict[str, Any], left_out: list[tuple[str, str]]
) -> None:
    accepted = event(identities={"email": "ana@runner.example"} | identities)
    assert ("email", "ana@runner.example") in accepted.event.identities
    assert "identity_value_invalid" not in left_out_of(accepted)
    assert left_out_of(accepted) == left_out


@pytest.mark.parametrize(
    "value", [0, False, None, "", [], ["", None], "{{user_id}}", "00000000-0000-0000-0000-000000000000"]
)
def test_an_event_without_a_usable_identity_is_refused_with_the_field(value: Any) -> None:
    with pytest.raises(Refused) as refused:
        event(identities={"user_id": value})
    assert refused.value.code == "identities_count"
    assert (refused.value.field or "").startswith("identities.user_id")
    assert "identifies no person" in refused.value.message


@pytest.mark.parametrize("id", ["null", "undefined", "{{id}}", "00000000-0000-0000-0000-000000000000", ""])
def test_an_event_with_a_placeholder_id_gets_a_new_id(id: str) -> None:
    accepted = event(id=id)
    assert (accepted.event.id, left_out_of(accepted)) == ("new", [("id", "id_placeholder")])
    accepted = call("page", messageId=id)
    assert (accepted.event.id, left_out_of(accepted)) == ("new", [("messageId", "id_placeholder")])


@pytest.mark.parametrize(
    ("fields", "left_out"),
    [
        ({"userId": "undefined"}, [("userId", "identity_placeholder")]),
        ({"userId": 0}, [("userId", "identity_placeholder")]),
        ({"userId": False}, [("userId", "identity_placeholder")]),
        ({"userId": ""}, [("userId", "identity_blank")]),
        ({"userId": None}, []),
        (
            {"context": {"traits": {"email": "none@none.com"}}},
            [("context.traits.email", "identity_placeholder")],
        ),
        ({"traits": {"email": "no address"}}, [("traits.email", "identity_value_invalid")]),
        ({"traits": {"phone": 6e22}}, [("traits.phone", "identity_value_invalid")]),
    ],
)
def test_a_segment_call_leaves_out_unusable_identities(
    fields: dict[str, Any], left_out: list[tuple[str, str]]
) -> None:
    accepted = call("identify", **{"userId": "u1", "anonymousId": "cookie-1"} | fields)
    assert ("anonymous_id", "cookie-1") in accepted.event.identities
    assert left_out_of(accepted) == left_out
    assert accepted.event.traits == fields.get("traits", fields.get("context", {}).get("traits", {}))


def test_a_group_call_with_a_placeholder_id_still_sets_the_company() -> None:
    accepted = call("group", groupId="undefined", traits={"name": "Runner Ltd"})
    assert accepted.event.traits == {"company": "Runner Ltd"}
    assert left_out_of(accepted) == [("groupId", "identity_placeholder")]


def test_every_answer_says_what_was_left_out() -> None:
    accepted = event(identities={"email": "ana@runner.example", "user_id": 0})
    left_out = [
        {
            "field": "identities.user_id",
            "code": "identity_placeholder",
            "message": "The value is a placeholder for an unknown person, so it identifies no person.",
        }
    ]
    (native,) = msgspec.json.decode(answer([accepted], NATIVE.id_fields).body)["results"]
    assert native == {"id": "new", "status": "accepted", "left_out": left_out}
    (batch,) = msgspec.json.decode(answer_calls([accepted], SEGMENT.id_fields).body)["results"]
    assert batch == native
    assert msgspec.json.decode(answer_call([accepted], SEGMENT.id_fields).body) == {
        "success": True,
        "left_out": left_out,
    }
    assert msgspec.json.decode(answer_call([event()], SEGMENT.id_fields).body) == {"success": True}
