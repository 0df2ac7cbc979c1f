"""Who may start an attempt."""

from hypothesis import given
from hypothesis import strategies as st

from services.handoff.webhooks.bulkhead import FIRST_WIDTH, MAX_WIDTH, TOTAL, Bulkhead


def entered(bulkhead: Bulkhead, *webhook_ids: str) -> list[bool]:
    chosen = bulkhead.choose(webhook_ids)
    for webhook_id, fits in zip(webhook_ids, chosen, strict=True):
        if fits:
            bulkhead.enter(webhook_id)
    return chosen


def test_one_endpoint_gets_a_few_places_and_then_is_full() -> None:
    bulkhead = Bulkhead()
    assert entered(bulkhead, *["a"] * (FIRST_WIDTH + 2)) == [True] * FIRST_WIDTH + [False] * 2
    assert bulkhead.full == ["a"]
    assert entered(bulkhead, "a", "b") == [False, True]


def test_all_endpoints_together_get_the_total() -> None:
    bulkhead = Bulkhead()
    assert sum(entered(bulkhead, *(str(number) for number in range(TOTAL + 5)))) == TOTAL
    assert bulkhead.free == 0


def test_choosing_takes_no_place() -> None:
    bulkhead = Bulkhead()
    bulkhead.choose(["a"] * 5)
    assert bulkhead.free == TOTAL


def test_an_endpoint_earns_a_place_with_every_delivery_that_it_takes_up_to_a_most() -> None:
    bulkhead = Bulkhead()
    for _ in range(100):
        bulkhead.enter("a")
        bulkhead.leave("a", taken=True)
    assert sum(entered(bulkhead, *["a"] * 100)) == MAX_WIDTH


def test_an_endpoint_that_failed_is_probed_one_at_a_time_and_earns_its_places_anew() -> None:
    bulkhead = Bulkhead()
    bulkhead.enter("a")
    bulkhead.leave("a", taken=False)
    assert entered(bulkhead, "a", "a") == [True, False]
    bulkhead.leave("a", taken=True)
    assert entered(bulkhead, "a", "a", "a") == [True, True, False]


def test_an_endpoint_that_fails_with_more_under_way_has_to_wait_for_them() -> None:
    bulkhead = Bulkhead()
    entered(bulkhead, "a", "a", "a")
    bulkhead.leave("a", taken=False)
    assert bulkhead.full == ["a"]
    assert entered(bulkhead, "a") == [False]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans())))
def test_whatever_happens_the_places_add_up(steps: list[tuple[str, bool]]) -> None:
    bulkhead, under_way = Bulkhead(), 0
    for webhook_id, taken in steps:
        under_way += sum(entered(bulkhead, webhook_id, webhook_id))
        if webhook_id in bulkhead.full:
            bulkhead.leave(webhook_id, taken=taken)
            under_way -= 1
        assert bulkhead.free == TOTAL - under_way
