"""The definition itself, on examples that were worked out by hand."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.events import Interaction, Retraction, Separation
from shared.identity import Identity
from tests.cast import ANTONIO, ANTONIOS_MATRIX, antonios_steps
from tests.oracle.fold import Given, Life, day_of, lives
from tests.oracle.people import persons

MONDAY = date(2026, 1, 5)
START = MONDAY.toordinal()
LATER = datetime(2027, 1, 1, tzinfo=UTC)
ANA = Identity("email", "ana@acme.example")
BOB = Identity("email", "bob@acme.example")
COOKIE = Identity("anonymous_id", "c")
FIRST_USER, SECOND_USER = Identity("user_id", "1"), Identity("user_id", "2")


def done(
    id: str,
    *identities: Identity,
    day: int = 0,
    type: str = "visit",
    machine: str | None = None,
    traits: dict[str, Any] | None = None,
    **properties: Any,
) -> Interaction:
    at = datetime.combine(MONDAY, datetime.min.time(), UTC) + timedelta(days=day, hours=12)
    return Interaction(
        id=id,
        type=type,
        identities=identities or (ANA,),
        occurred_at=at,
        received_at=at,
        properties=properties,
        traits=traits or {},
        machine=machine,
    )


def matrix(*rules: dict[str, Any], flip_number: float = 25, **more: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "flip_number": flip_number,
        "rules": [{"id": "visits", "when": {"type": "visit"}, "points": 1} | rule for rule in rules],
        **more,
    }


def life(*events: Interaction | Retraction | Separation) -> Life:
    (only,) = lives(events).values()
    return only


def visits(*on: int) -> Sequence[Interaction]:
    return [done(f"v{n}", day=day) for n, day in enumerate(on)]


def score(subject: Life, by: dict[str, Any], day: int) -> float:
    return subject.account(by, START + day).score


def test_antonio_flips_on_the_third_counted_interaction() -> None:
    antonio, by, today = life(*antonios_steps()), ANTONIOS_MATRIX, day_of(antonios_steps()[-1])
    assert antonio.person == set(ANTONIO)
    days = (today - 150, today - 30, today - 1, today)
    assert [antonio.account(by, day).score for day in days] == [5, 15, 15, 25]
    assert [reason.points for reason in antonio.account(by, today).reasons] == [5, 10, 10]
    assert antonio.crossed_on(by, today + 250) == today
    assert antonio.crossed_on(by, today - 1) is None


def test_a_limit_is_used_up_by_the_earliest_days() -> None:
    """Of three visits two are paid, and with a half-life it shows which: those of days 0 and 1."""
    by = matrix({"points": 8, "limit": {"times": 2, "per": "ever"}, "half_life": "1d"})
    assert score(life(*visits(2, 1, 0)), by, 2) == 8 / 4 + 8 / 2


@pytest.mark.parametrize(
    ("per", "paid"), [("day", [0, 6, 7, 31]), ("week", [0, 7, 31]), ("month", [0, 31]), ("ever", [0])]
)
def test_a_limit_starts_anew_with_its_period(per: str, paid: list[int]) -> None:
    """Day 0 is a Monday, 5 January; day 6 its Sunday, day 7 the next Monday, day 31 is in February."""
    by = matrix({"limit": {"times": 1, "per": per}})
    assert score(life(*visits(0, 0, 6, 7, 31)), by, 31) == len(paid)


def test_a_limit_by_a_property_applies_to_each_value_and_to_a_missing_value() -> None:
    by = matrix({"limit": {"times": 1, "per": "ever", "by": "path"}})
    interactions = [
        done("1", path="/"),
        done("2", path="/"),
        done("3", path="/a"),
        done("4"),
        done("5", path=None),
    ]
    assert life(*interactions).account(by, START).reasons == [Given("visits", 3, 5, 3)]


def test_points_halve_in_a_half_life() -> None:
    by = matrix({"points": 8, "half_life": "30d"})
    assert [score(life(*visits(0)), by, day) for day in (0, 30, 60)] == [8, 4, 2]
    assert score(life(*visits(0)), by, 15) == 5.657


def test_a_match_leaves_a_window_of_ten_days_on_the_tenth_day() -> None:
    by = matrix({"points": 8, "window": "10d"})
    assert [score(life(*visits(0)), by, day) for day in (-1, 0, 9, 10)] == [0, 8, 8, 0]


def test_matches_outside_the_window_do_not_use_up_the_limit() -> None:
    by = matrix({"points": 8, "window": "10d", "limit": {"times": 1, "per": "ever"}})
    assert [score(life(*visits(0, 5)), by, day) for day in (5, 10, 14, 15)] == [8, 8, 8, 0]


@pytest.mark.parametrize(("points", "capped"), [(8, 20), (-8, -20)])
def test_a_cap_bounds_positive_and_negative_points(points: float, capped: float) -> None:
    assert score(life(*visits(0, 0, 0)), matrix({"points": points, "cap": 20}), 0) == capped


def test_a_group_caps_the_sum_of_its_rules_with_a_reason() -> None:
    by = matrix(
        {"points": 8}, {"id": "again", "points": 6}, groups={"web": {"rules": ["visits", "again"], "cap": 10}}
    )
    account = life(*visits(0)).account(by, START)
    assert account.score == 10
    assert account.reasons[-1] == Given("group:web", -4, 0, 0)


def test_inactivity_takes_its_steps_down_to_the_floor() -> None:
    by = matrix({"points": 50}, inactivity={"after": "30d", "points": -10, "every": "20d", "floor": -25})
    steps = [score(life(*visits(0)), by, day) for day in (0, 29, 30, 49, 50, 70, 90)]
    assert steps == [50, 50, 40, 40, 30, 25, 25]
    assert life(*visits(0)).account(by, START + 90).reasons[-1] == Given("inactivity", -25, 4, 4)


def test_inactivity_without_every_takes_points_once_after_a_human_interaction() -> None:
    by = matrix({"points": 50}, inactivity={"after": "30d", "points": -10})
    assert score(life(*visits(0)), by, 300) == 40
    assert score(life(done("1", type="identify"), done("2", machine="crawler")), by, 300) == 0


def test_only_a_human_interaction_ends_inactivity() -> None:
    by = matrix({"points": 50, "when": {"type": "visit"}}, inactivity={"after": "30d", "points": -10})
    asleep = [done("m", day=29, machine="crawler"), done("i", day=29, type="identify")]
    assert score(life(*visits(0), *asleep), by, 30) == 40
    assert score(life(*visits(0), done("l", day=29, type="like")), by, 30) == 50


@pytest.mark.parametrize(("policy", "count"), [("exclude", 1), ("include", 3), ("only", 2)])
def test_machine_policy_decides_if_interactions_of_machines_count(policy: str, count: int) -> None:
    interactions = [done("1"), done("2", machine="crawler"), done("3", machine="prefetch")]
    assert score(life(*interactions), matrix({"machine": policy}), 0) == count


def test_a_retracted_interaction_does_not_count_but_its_links_and_traits_stay() -> None:
    retraction = Retraction(
        id="r", identity=ANA, interactions=("1", "never"), reason="", author="", retracted_at=LATER
    )
    by = matrix({"points": 8}, traits=[{"id": "leads", "when": {"title": "CEO"}, "points": 3}])
    known = life(retraction, done("1", ANA, COOKIE, traits={"title": "CEO"}), done("2", COOKIE))
    assert known.person == {ANA, COOKIE}
    assert known.account(by, START).reasons == [Given("visits", 8, 1, 1), Given("leads", 3, 1, 1)]


def test_a_trait_has_the_last_value_reported_until_the_day() -> None:
    by = matrix(traits=[{"id": "leads", "when": {"title": "CEO"}, "points": 3}])
    history = life(
        done("1", traits={"title": "CEO"}),
        done("3", day=5, traits={"title": None}),
        done("2", day=5, traits={"title": "CEO"}),
        done("4", day=9, traits={"title": "CEO"}),
    )
    assert [score(history, by, day) for day in (-1, 0, 4, 5, 8, 9)] == [0, 3, 3, 0, 0, 3]


def test_identities_give_derived_traits_that_were_not_reported() -> None:
    by = matrix(
        traits=[
            {"id": "domain", "when": {"email_domain": "acme.example"}, "points": 1},
            {"id": "company", "when": {"company": "acme.example"}, "points": 2},
            {"id": "email", "when": {"email": "a@gmail.com"}, "points": 4},
            {"id": "own", "when": {"company": "Acme"}, "points": 8},
        ]
    )
    private, work = Identity("email", "a@gmail.com"), Identity("email", "z@acme.example")
    assert score(life(done("1", private)), by, 0) == 4
    assert score(life(done("1", private, work)), by, 0) == 7
    assert score(life(done("1", private, work, traits={"company": "Acme"})), by, 0) == 13


def test_an_adjustment_counts_from_its_day_to_its_last_day() -> None:
    by = matrix(
        {"cap": 1, "when": {"not": {"type": "like"}}}, groups={"all": {"rules": ["visits"], "cap": 1}}
    )
    given: dict[str, Any] = {"points": 7, "reason": "met", "author": "Olga"}
    history = life(
        done("1", day=2, type="adjustment", model="m", until="2026-01-09", **given),
        done("2", day=3, type="adjustment", model="other", **given),
    )
    assert [score(history, by, day) for day in (1, 2, 4, 5)] == [0, 7, 7, 0]
    assert history.crossed_on(by | {"flip_number": 7}, START + 30) == START + 2


def test_a_profile_can_flip_on_a_day_without_interactions() -> None:
    by = matrix({"points": 8}, {"id": "bad", "points": -4, "window": "3d"}, flip_number=8)
    assert life(*visits(0)).crossed_on(by, START + 30) == START + 3


def test_the_later_of_two_conflicting_links_is_refused_in_any_order_of_arrival() -> None:
    first = done("1", FIRST_USER, COOKIE, day=1)
    second = done("2", SECOND_USER, COOKIE, day=2)
    last = done("3", SECOND_USER, ANA, day=3)
    assert set(persons([last, second, first]).values()) == {
        frozenset({FIRST_USER, COOKIE}),
        frozenset({SECOND_USER, ANA}),
    }
    earlier = done("0", SECOND_USER, COOKIE, day=0)
    assert persons([first, second, earlier])[COOKIE] == {SECOND_USER, COOKIE}


def test_links_of_the_same_instant_apply_in_order_of_event_id() -> None:
    interactions = [done("b", FIRST_USER, COOKIE), done("a", SECOND_USER, COOKIE)]
    assert persons(interactions)[COOKIE] == {SECOND_USER, COOKIE}


def test_unmerged_identities_are_not_merged_by_any_link() -> None:
    apart = Separation(id="s", identities=(ANA,), others=(BOB,), reason="", author="", separated_at=LATER)
    interactions = [done("1", ANA, COOKIE), done("2", BOB, COOKIE, day=1)]
    assert persons(interactions)[BOB] == {ANA, BOB, COOKIE}
    assert set(persons([*interactions, apart]).values()) == {frozenset({ANA, COOKIE}), frozenset({BOB})}


def test_the_limit_of_a_kind_can_be_more_than_one() -> None:
    interactions = [done("1", ANA, COOKIE), done("2", BOB, COOKIE, day=1)]
    assert persons(interactions, {"email": 1})[BOB] == {BOB}
    assert persons(interactions, {"email": 2})[BOB] == {ANA, BOB, COOKIE}
