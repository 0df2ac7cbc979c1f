"""The decision about a delivery after an attempt."""

from datetime import UTC, datetime, timedelta

import pytest

from services.handoff.webhooks.delivery import (
    Delivered,
    EndpointAnswer,
    Forbidden,
    NoAnswer,
    Rejected,
    Unreachable,
    decide,
)
from services.handoff.webhooks.retry import SCHEDULE_SECONDS

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
MIDDLE = 0.5
SOON = NOW + timedelta(seconds=5)
LAST = len(SCHEDULE_SECONDS)


def answer(status: int, retry_after: str | None = None) -> EndpointAnswer:
    return EndpointAnswer(status, retry_after, "")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_delivers(status: int) -> None:
    assert decide(3, answer(status), NOW, MIDDLE) == Delivered(NOW)


@pytest.mark.parametrize("status", [100, 199, 301, 302, 307, 400, 401, 404, 408, 429, 500, 503, 600, 999])
def test_any_answer_but_2xx_and_410_is_retried(status: int) -> None:
    settled = decide(0, answer(status), NOW, MIDDLE)
    assert isinstance(settled, Rejected)
    assert (settled.retry_at, settled.disables, str(status) in settled.error) == (SOON, False, True)


def test_410_ends_the_retries_and_the_subscription() -> None:
    settled = decide(0, answer(410), NOW, MIDDLE)
    assert isinstance(settled, Rejected)
    assert (settled.retry_at, settled.disables) == (None, True)


def test_a_redirect_says_why_it_is_a_failure() -> None:
    settled = decide(0, answer(302), NOW, MIDDLE)
    assert isinstance(settled, Rejected)
    assert "redirects are not followed" in settled.error


def test_a_429_answer_is_retried_after_its_retry_after() -> None:
    assert decide(0, answer(429, "90"), NOW, MIDDLE) == Rejected(
        "The endpoint answered 429.", NOW + timedelta(seconds=90)
    )


def test_a_delivery_without_an_answer_is_retried() -> None:
    assert decide(0, NoAnswer("No answer within 15 seconds."), NOW, MIDDLE) == Unreachable(
        "No answer within 15 seconds.", SOON
    )


def test_a_delivery_to_a_forbidden_target_is_not_retried() -> None:
    assert decide(0, Forbidden("private"), NOW, MIDDLE) == Unreachable("private", None)


@pytest.mark.parametrize("result", [answer(500), NoAnswer("silence")])
def test_a_delivery_is_not_retried_after_the_last_attempt(result: EndpointAnswer | NoAnswer) -> None:
    before_last, last = (decide(n, result, NOW, MIDDLE) for n in (LAST - 1, LAST))
    assert not isinstance(before_last, Delivered)
    assert not isinstance(last, Delivered)
    assert before_last.retry_at is not None
    assert last.retry_at is None
