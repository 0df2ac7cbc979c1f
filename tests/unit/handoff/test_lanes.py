"""Who may start an attempt."""

from hypothesis import given
from hypothesis import strategies as st

from services.handoff.webhooks.bulkhead import FIRST_WIDTH, MAX_WIDTH, TOTAL, Lanes


def entered(lanes: Lanes, *webhook_ids: str) -> list[bool]:
    chosen = lanes.choose(webhook_ids)
    for webhook_id, fits in zip(webhook_ids, chosen, strict=True):
        if fits:
            lanes.enter(webhook_id)
    return chosen


def test_one_endpoint_gets_a_few_places_and_then_is_full() -> None:
    lanes = Lanes()
    assert entered(lanes, *["a"] * (FIRST_WIDTH + 2)) == [True] * FIRST_WIDTH + [False] * 2
    assert lanes.full == ["a"]
    assert entered(lanes, "a", "b") == [False, True]


def test_all_endpoints_together_get_the_total() -> None:
    lanes = Lanes()
    assert sum(entered(lanes, *(str(number) for number in range(TOTAL + 5)))) == TOTAL
    assert lanes.free == 0


def test_choosing_takes_no_place() -> None:
    lanes = Lanes()
    lanes.choose(["a"] * 5)
    assert lanes.free == TOTAL


def test_an_endpoint_earns_a_place_with_every_delivery_that_it_takes_up_to_a_most() -> None:
    lanes = Lanes()
    for _ in range(100):
        lanes.enter("a")
        lanes.leave("a", taken=True)
    assert sum(entered(lanes, *["a"] * 100)) == MAX_WIDTH


def test_an_endpoint_that_failed_is_probed_one_at_a_time_and_earns_its_places_anew() -> None:
    lanes = Lanes()
    lanes.enter("a")
    lanes.leave("a", taken=False)
    assert entered(lanes, "a", "a") == [True, False]
    lanes.leave("a", taken=True)
    assert entered(lanes, "a", "a", "a") == [True, True, False]


def test_an_endpoint_that_fails_with_more_under_way_has_to_wait_for_them() -> None:
    lanes = Lanes()
    entered(lanes, "a", "a", "a")
    lanes.leave("a", taken=False)
    assert lanes.full == ["a"]
    assert entered(lanes, "a") == [False]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans())))
def test_whatever_happens_the_places_add_up(steps: list[tuple[str, bool]]) -> None:
    lanes, under_way = Lanes(), 0
    for webhook_id, taken in steps:
        under_way += sum(entered(lanes, webhook_id, webhook_id))
        if webhook_id in lanes.full:
            lanes.leave(webhook_id, taken=taken)
            under_way -= 1
        assert lanes.free == TOTAL - under_way
