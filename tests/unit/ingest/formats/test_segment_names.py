"""The identities that calls of Segment's tracking API name."""

from typing import Any

import pytest

from services.ingest.formats.segment_wire import Context
from tests.unit.ingest.formats.segment_calls import SENDING, accepted, read, refusal

JEN = {"email": "jen@email.example", "phone": "+14105559412"}


def named(path: str, **call: Any) -> set[tuple[str, str]]:
    return {(identity.kind, identity.value) for identity in read(path, **call).identities}


def test_an_alias_makes_the_previous_id_a_former_user_id() -> None:
    """The first example in the documentation: an e-mail address that was the userId, and a new one."""
    event = read("alias", previousId="jen@email.com", userId="507f191e81")
    assert event.type == "identify"
    assert set(event.identities) == {
        ("user_id", "507f191e81"), ("user_id", "jen@email.com"), ("former_user_id", "jen@email.com")
    }  # fmt: skip


def test_a_previous_id_that_is_not_an_email_is_also_an_anonymous_id() -> None:
    assert named("alias", previousId="39239-23923", userId="507f191e81") == {
        ("user_id", "507f191e81"), ("user_id", "39239-23923"), ("former_user_id", "39239-23923"),
        ("anonymous_id", "39239-23923"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "previous", [{"previousId": "cookie-1"}, {"previousId": None}, {}, {"previousId": "null"}]
)
def test_an_alias_of_the_anonymous_id_links_it_to_the_user_id(previous: dict[str, Any]) -> None:
    assert named("alias", anonymousId="cookie-1", **previous) == {
        ("user_id", "u1"),
        ("anonymous_id", "cookie-1"),
    }


def test_an_alias_of_a_user_id_to_itself_adds_no_former_user_id() -> None:
    assert named("alias", previousId=" u1 ", anonymousId="c1") == {("user_id", "u1"), ("anonymous_id", "c1")}


def test_an_alias_without_a_user_id_links_the_previous_id_to_the_anonymous_id() -> None:
    assert named("alias", userId=None, anonymousId="c1", previousId="old-1") == {
        ("user_id", "old-1"), ("anonymous_id", "old-1"), ("anonymous_id", "c1")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("call", "field"),
    [
        ({}, "previousId"),
        ({"previousId": "undefined"}, "previousId"),
        ({"previousId": "u1"}, "previousId"),
        ({"userId": "undefined", "previousId": "old-1"}, "userId"),
        ({"userId": None, "previousId": "old-1"}, "userId"),
    ],
)
def test_an_alias_without_two_different_ids_is_refused(call: dict[str, Any], field: str) -> None:
    assert refusal("alias", **call) == ("field_missing", field)


@pytest.mark.parametrize(
    "event", ["Signed Up", "signed_up", "SignedUp", "Newsletter Signup", "Order Completed"]
)
def test_email_and_phone_of_a_sign_up_or_order_are_identities(event: str) -> None:
    interaction = read("track", event=event, properties=dict(JEN))
    assert {("email", "jen@email.example"), ("phone", "+14105559412")} < set(interaction.identities)
    assert interaction.properties == JEN


@pytest.mark.parametrize(
    "event", ["Invite Sent", "Friend Referred", "Product Shared", "Account Added User", "Form Submitted"]
)
def test_email_and_phone_of_other_track_events_are_not_identities(event: str) -> None:
    assert named("track", event=event, properties=JEN | {"invitee_email": "x@y.example"}) == {
        ("user_id", "u1")
    }


def test_email_and_phone_of_a_page_are_not_identities() -> None:
    assert named("page", name="Signed Up", properties=dict(JEN)) == {("user_id", "u1")}


def test_an_invalid_email_of_a_sign_up_is_left_out_of_the_identities() -> None:
    outcome = accepted("track", event="Signed Up", properties={"email": "no address"})
    assert outcome.event.identities == (("user_id", "u1"),)
    assert [(left.field, left.code) for left in outcome.left_out] == [
        ("properties.email", "identity_value_invalid")
    ]


def external(type: Any, id: Any, **more: Any) -> dict[str, Any]:
    return {"id": id, "type": type, "collection": "users", "encoding": "none"} | more


def test_external_ids_name_the_person() -> None:
    ids = [
        external("phone", "+1 410 555 9412"),
        external("shopify_id", 7),
        external("ios.idfa", "7f3a"),
        external("email", "Jen@Email.example", encoding=None),
    ]
    assert named("track", event="x", context={"externalIds": ids}) == {
        ("user_id", "u1"), ("phone", "+14105559412"), ("shopify_id", "7"), ("ios_idfa", "7f3a"),
        ("email", "jen@email.example"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "external_ids",
    [
        "x", {}, 7, [None, "x", 7, {}],
        [external("crm_id", "a1", collection="accounts")],
        [external("group_id", "a1")],
        [external("email", "9f86d081", encoding="sha256")],
        [external(None, "a1"), external("crm_id", ["a1"]), external("crm_id", {"a": 1})],
    ],
)  # fmt: skip
def test_external_ids_of_other_collections_or_shapes_are_ignored(external_ids: Any) -> None:
    assert named("track", event="x", context={"externalIds": external_ids}) == {("user_id", "u1")}


def test_unusable_external_ids_are_listed_as_left_out() -> None:
    ids = [
        external("ios.idfa", "00000000-0000-0000-0000-000000000000"),
        external("7", "x"),
        external("email", "x"),
    ]
    outcome = accepted("track", event="x", context={"externalIds": ids})
    assert outcome.event.identities == (("user_id", "u1"),)
    assert [(left.field, left.code) for left in outcome.left_out] == [
        ("context.externalIds.0", "identity_placeholder"),
        ("context.externalIds.1", "identity_kind_invalid"),
        ("context.externalIds.2", "identity_value_invalid"),
    ]


def test_external_ids_of_a_batch_apply_to_calls_without_external_ids() -> None:
    batch = SENDING._replace(context=Context(external_ids=[external("crm_id", "a1")]))
    assert ("crm_id", "a1") in read("track", batch, event="x").identities
    own = {"externalIds": [external("crm_id", "a2")]}
    assert ("crm_id", "a1") not in read("track", batch, event="x", context=own).identities
