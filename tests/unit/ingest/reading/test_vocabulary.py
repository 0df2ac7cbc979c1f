import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.reading.vocabulary import checked_type, track_type
from shared.errors import Refused
from shared.events import RESERVED_TYPES
from shared.type_names import SEGMENT_TYPES, snake_case


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("Email Opened", "email_open"),
        ("Email Link Clicked", "email_click"),
        ("Unsubscribed", "email_unsubscribe"),
        ("Email Bounced", "email_bounce"),
        ("Email Delivered", "email_delivered"),
        ("Order Completed", "purchase"),
        ("Order Refunded", "refund"),
        ("Product Reviewed", "review"),
        ("Trial Started", "trial_start"),
        ("order completed", "purchase"),
        ("SMS Delivered", "sms_delivered"),
        ("Product Viewed", "product_viewed"),
        ("videoPlaybackStarted", "video_playback_started"),
        ("HTTPServerStarted", "http_server_started"),
        ("  a -- b!  ", "a_b"),
        ("Größe gewählt", "größe_gewählt"),
        ("注文 完了", "注文_完了"),
        ("पंजीकरण पूरा", "पंजीकरण_पूरा"),
        ("Step 2", "step_2"),
    ],
)
def test_a_track_calls_name_becomes_a_type(name: str, type: str) -> None:
    assert track_type(name) == type


@pytest.mark.parametrize("name", ["", "!!!", "x" * 65])
def test_a_name_that_leaves_no_type_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        track_type(name)
    assert (refused.value.code, refused.value.field) == ("type_invalid", "event")


@given(st.text(max_size=80))
def test_snake_case_is_idempotent(name: str) -> None:
    assert snake_case(snake_case(name)) == snake_case(name)


@pytest.mark.parametrize("name", ["visit", "group_join", "größe", "step_2"])
def test_a_native_type_in_snake_case_is_accepted(name: str) -> None:
    assert checked_type(name) == name


@pytest.mark.parametrize("name", ["", "Visit", "form submit", "_visit", "visit!"])
def test_a_native_type_that_is_not_in_snake_case_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        checked_type(name)
    assert (refused.value.code, refused.value.field) == ("type_invalid", "type")


@pytest.mark.parametrize("type", sorted(RESERVED_TYPES))
def test_a_reserved_type_is_refused_with_a_hint_to_the_adjustments_endpoint(type: str) -> None:
    with pytest.raises(Refused) as refused:
        checked_type(type)
    assert (refused.value.code, refused.value.field) == ("type_reserved", "type")
    assert "POST /v1/profiles/{id}/adjustments with an ops key" in refused.value.message


@pytest.mark.parametrize("name", ["adjustment", "Adjustment", "  ADJUSTMENT! "])
def test_the_name_of_a_track_call_cannot_become_a_reserved_type(name: str) -> None:
    with pytest.raises(Refused) as refused:
        track_type(name)
    assert (refused.value.code, refused.value.field) == ("type_reserved", "event")


def test_no_segment_event_name_maps_to_a_reserved_type() -> None:
    assert not RESERVED_TYPES & set(SEGMENT_TYPES.values())


@pytest.mark.parametrize("name", ["adjustments", "price_adjustment"])
def test_a_type_similar_to_a_reserved_type_is_accepted(name: str) -> None:
    assert checked_type(name) == track_type(name) == name
