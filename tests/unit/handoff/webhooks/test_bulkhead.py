"""Which deliveries may start an attempt."""

from hypothesis import given
from hypothesis import strategies as st

from services.handoff.webhooks.bulkhead import FIRST_WIDTH, MAX_WIDTH, TOTAL, Bulkhead


def entered(bulkhead: Bulkhead, *webhook_ids: str) -> list[bool]:
    chosen = bulkhead.choose(webhook_ids)
    for webhook_id, fits in zip(webhook_ids, chosen, strict=True):
        if fits:
            bulkhead.enter(webhook_id)
    return chosen


def test_an_endpoint_starts_with_a_small_limit_of_attempts() -> None:
    bulkhead = Bulkhead()
    assert entered(bulkhead, *["a"] * (FIRST_WIDTH + 2)) == [True] * FIRST_WIDTH + [False] * 2
    assert bulkhead.full == ["a"]
    assert entered(bulkhead, "a", "b") == [False, True]


def test_the_total_limits_attempts_of_all_endpoints() -> None:
    bulkhead = Bulkhead()
    assert sum(entered(bulkhead, *(str(number) for number in range(TOTAL + 5)))) == TOTAL
    assert bulkhead.free == 0


def test_choose_does_not_use_up_attempts() -> None:
    bulkhead = Bulkhead()
    bulkhead.choose(["a"] * 5)
    assert bulkhead.free == TOTAL


def test_each_successful_attempt_raises_the_endpoint_limit_up_to_a_maximum() -> None:
    bulkhead = Bulkhead()
    for _ in range(100):
        bulkhead.enter("a")
        bulkhead.leave("a", taken=True)
    assert sum(entered(bulkhead, *["a"] * 100)) == MAX_WIDTH


def test_a_failed_endpoint_is_limited_to_one_attempt_until_it_succeeds() -> None:
    bulkhead = Bulkhead()
    bulkhead.enter("a")
    bulkhead.leave("a", taken=False)
    assert entered(bulkhead, "a", "a") == [True, False]
    bulkhead.leave("a", taken=True)
    assert entered(bulkhead, "a", "a", "a") == [True, True, False]


def test_a_failed_endpoint_waits_until_attempts_under_way_have_ended() -> None:
    bulkhead = Bulkhead()
    entered(bulkhead, "a", "a", "a")
    bulkhead.leave("a", taken=False)
    assert bulkhead.full == ["a"]
    assert entered(bulkhead, "a") == [False]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans())))
def test_free_attempts_and_attempts_under_way_add_up_to_the_total(steps: list[tuple[str, bool]]) -> None:
    bulkhead, under_way = Bulkhead(), 0
    for webhook_id, taken in steps:
        under_way += sum(entered(bulkhead, webhook_id, webhook_id))
        if webhook_id in bulkhead.full:
            bulkhead.leave(webhook_id, taken=taken)
            under_way -= 1
        assert bulkhead.free == TOTAL - under_way
