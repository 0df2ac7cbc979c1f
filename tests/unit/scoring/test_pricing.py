from itertools import permutations
from typing import Any

import pytest

from services.scoring.counting import Counts, Tally, count, day_of
from services.scoring.matrix import Matrix
from services.scoring.pricing import Score, crossed_on, price
from shared.events import Interaction
from tests.builders import NOON, interaction, matrix, rule

TODAY = day_of(NOON)


def counted(rules: Matrix, *interactions: Interaction) -> Counts:
    counts: Counts = {}
    for one in interactions:
        count(counts, one, Tally([rules]))
    return counts


def scored(rules: Matrix, *interactions: Interaction, day: int = 1000) -> Score:
    return price(counted(rules, *interactions), rules, TODAY + day)


def test_every_match_pays_the_rule_s_points() -> None:
    assert scored(matrix(rule(points=8)), interaction(), interaction(), interaction(day=3)).points == 24


def test_who_did_nothing_scores_zero_for_no_reason() -> None:
    assert scored(matrix(rule())) == Score(0.0, ())


def test_negative_points_take_away() -> None:
    rules = matrix(rule(points=10), rule("leaves", -20, when={"type": "email_unsubscribe"}))
    assert scored(rules, interaction(), interaction("email_unsubscribe")).points == -10


@pytest.mark.parametrize(
    ("per", "times", "paid"), [("day", 1, 5), ("week", 1, 4), ("month", 1, 2), ("ever", 2, 2)]
)
def test_a_limit_holds_within_its_period(per: str, times: int, paid: int) -> None:
    """NOON is Saturday 14 March: two visits then, one on Sunday, on Monday and on two days of April."""
    visits = [interaction(day=day) for day in (0, 0, 1, 2, 20, 31)]
    assert scored(matrix(rule(limit={"times": times, "per": per})), *visits).points == paid


def test_a_limit_by_a_property_holds_for_each_of_its_values() -> None:
    opens = [
        interaction("email_open", asset="spring"),
        interaction("email_open", asset="spring", day=4),
        interaction("email_open", asset="autumn"),
        interaction("email_open"),
        interaction("email_open", day=9),
    ]
    once_each = rule(
        "opens", 3, when={"type": "email_open"}, limit={"times": 1, "per": "ever", "by": "asset"}
    )
    score = scored(matrix(once_each), *opens)
    assert (score.points, score.reasons[0].count, score.reasons[0].paid) == (9, 5, 3)


def test_values_of_different_types_are_different_values() -> None:
    downloads = [interaction("download", asset=asset) for asset in (1, "1", True, [1], {"a": 1})]
    once_each = rule(points=1, when={"type": "download"}, limit={"times": 1, "per": "ever", "by": "asset"})
    assert scored(matrix(once_each), *downloads).points == 5


@pytest.mark.parametrize(("points", "capped"), [(8, 20), (-8, -20)])
def test_a_cap_bounds_what_a_rule_gives_or_takes(points: float, capped: float) -> None:
    assert scored(matrix(rule(points=points, cap=20)), *[interaction() for _ in range(9)]).points == capped


def test_a_later_day_does_not_exist_yet() -> None:
    rules = matrix(rule(points=8))
    assert scored(rules, interaction(), interaction(day=5), day=4).points == 8


def test_a_day_is_a_utc_day() -> None:
    assert day_of(NOON.replace(hour=23, minute=59)) == TODAY
    assert day_of(NOON.replace(hour=0, minute=0)) == TODAY


def test_the_total_is_rounded_half_even_to_a_thousandth() -> None:
    assert scored(matrix(rule(points=0.0625)), interaction()).points == 0.062
    assert scored(matrix(rule(points=0.1)), *[interaction() for _ in range(3)]).points == 0.3


def test_the_order_of_interactions_does_not_matter() -> None:
    rules = matrix(
        rule(points=8, limit={"times": 1, "per": "day"}, cap=20),
        rule("all", -1, when={"where": {}, "type": ["visit", "like"]}),
    )
    done = [interaction(), interaction(), interaction(day=1), interaction("like"), interaction(day=9)]
    assert len({scored(rules, *order).points for order in permutations(done)}) == 1


def test_it_crosses_on_the_earliest_day_that_reaches_the_flip_number() -> None:
    rules = matrix(rule(points=10), flip_number=25)
    counts = counted(rules, interaction(day=7), interaction(day=0), interaction(day=3))
    assert crossed_on(counts, rules, TODAY + 100) == TODAY + 7
    assert crossed_on(counts, rules, TODAY + 6) is None


def test_crossing_is_told_by_the_day_even_when_the_score_fell_later() -> None:
    rules = matrix(rule(points=30), rule("leaves", -20, when={"type": "email_unsubscribe"}), flip_number=25)
    counts = counted(rules, interaction(day=1), interaction("email_unsubscribe", day=5))
    assert crossed_on(counts, rules, TODAY + 100) == TODAY + 1


def test_a_rule_without_a_label_is_explained_by_its_condition() -> None:
    when: dict[str, Any] = {"type": "visit", "where": {"path": {"starts_with": "/pricing"}}}
    reasons = scored(matrix(rule(when=when)), interaction(path="/pricing/eu")).reasons
    assert reasons[0].label == 'visit where path starts with "/pricing"'
