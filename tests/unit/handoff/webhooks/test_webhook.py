"""What a subscription wants, and its secrets over time."""

from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

import pytest

from services.handoff.payload.types import LEAD_QUALIFIED, OFFERED, STAGE_CHANGED, EventType
from services.handoff.webhooks.webhook import MAX_SECRETS, ROTATION_GRACE, Secret, Webhook, rotated, signing

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def webhook(**more: Any) -> Webhook:
    facts: dict[str, Any] = {
        "id": "w", "url": "https://crm.example/", "event_types": None, "models": None, "status": "active",
        "disabled_reason": None, "secrets": (Secret("old"),), "created_at": NOW,
    }  # fmt: skip
    return Webhook(**(facts | more))


@pytest.mark.parametrize("type", OFFERED, ids=attrgetter("name"))
def test_a_webhook_without_types_and_models_gets_all_types_but_stage_changes(type: EventType[Any]) -> None:
    assert webhook().wants(type, "marathon") == (type.name != "profile.stage_changed")


def test_a_webhook_gets_only_the_types_and_models_that_it_names() -> None:
    named = webhook(event_types=("lead.qualified",), models=("marathon",))
    assert named.wants(LEAD_QUALIFIED, "marathon")
    assert not named.wants(STAGE_CHANGED, "marathon")
    assert not named.wants(LEAD_QUALIFIED, "influence")


def test_no_secret_shows_in_a_representation() -> None:
    assert "old" not in repr(webhook())


def test_both_secrets_sign_until_the_rotation_grace_ends() -> None:
    secrets = rotated([Secret("old")], "new", NOW)
    assert signing(secrets, NOW) == ("new", "old")
    assert signing(secrets, NOW + ROTATION_GRACE - timedelta(seconds=1)) == ("new", "old")
    assert signing(secrets, NOW + ROTATION_GRACE) == ("new",)


def test_a_second_rotation_does_not_lengthen_the_grace_of_the_first() -> None:
    secrets = rotated(rotated([Secret("first")], "second", NOW), "third", NOW + HOUR)
    assert signing(secrets, NOW + ROTATION_GRACE) == ("third", "second")
    assert signing(secrets, NOW + ROTATION_GRACE + HOUR) == ("third",)


def test_repeated_rotations_leave_a_bounded_number_of_secrets() -> None:
    secrets: tuple[Secret, ...] = (Secret("0"),)
    for number in range(1, 50):
        secrets = rotated(secrets, str(number), NOW)
    assert signing(secrets, NOW) == ("49", "48", "47", "46", "45")
    assert len(secrets) == MAX_SECRETS
