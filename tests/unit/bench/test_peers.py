"""The benchmark beside Kafka Streams: what is measured, and that every difference is found."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.bench.arena import Arena, Wrong
from tests.bench.peers.broker import check_values
from tests.bench.peers.course import Reading, Spent, Stretch, between, read_at
from tests.bench.peers.ours import names_of
from tests.bench.peers.outcome import Outcome, check_scores, leads_only_theirs
from tests.bench.peers.plan import FIRST, WARM, Plan
from tests.bench.peers.rounds import OURS, ROCKSDB, SIDES, WITH_POSTGRES, Round, order
from tests.bench.peers.shown import differences, is_met, ratios, render
from tests.bench.peers.side import Result
from tests.bench.peers.tables import jdbc

PLAN = Plan(filling=60, measured=100, more=200)
FLIP_NUMBER = 10.0
NOTHING = Spent(0, 0, 0)


def outcome(**scores: float) -> Outcome:
    return Outcome(scores, frozenset())


def result(first: float, warm: float) -> Result:
    """Return a side whose events cost this many microseconds, a half of them in the worker."""
    stretches = {
        name: Stretch(1_000, 2.0, Spent(cost / 2, cost / 4, cost / 4))
        for name, cost in ((FIRST, first), (WARM, warm))
    }
    return Result(stretches, 100, outcome(ana=1))


def rounds(*warm: tuple[float, float]) -> list[Round]:
    """Return rounds with the costs of a warm event for ours and for (b)."""
    return [
        Round({OURS: result(400, ours), ROCKSDB: result(50, 50), WITH_POSTGRES: result(100, b)}, {}, 0)
        for ours, b in warm
    ]


def lead(profile: str, *, score: float = 12, points: tuple[float, ...] = (4, 8)) -> bytes:
    reasons = [{"rule": f"r{number}", "points": value} for number, value in enumerate(points)]
    document = {"profile": profile, "score": score, "flip_number": FLIP_NUMBER, "reasons": reasons}
    return json.dumps(document).encode()


def test_equal_scores_pass() -> None:
    check_scores({"ana": 3, "bo": 0}, {"bo": 0, "ana": 3}, between="two")


@pytest.mark.parametrize("others", [{"ana": 3.001}, {}, {"ana": 3, "bo": 0}, {"bo": 3}])
def test_a_score_that_differs_or_is_missing_on_either_side_raises(others: dict[str, float]) -> None:
    with pytest.raises(Wrong, match="differ between ours and theirs, such as"):
        check_scores({"ana": 3}, others, between="ours and theirs")


def test_a_profile_that_fell_back_below_the_flip_number_may_be_a_lead_of_the_peer_only() -> None:
    ours = Outcome({"ana": 12, "bo": 9}, frozenset({"ana"}))
    theirs = Outcome(ours.scores, frozenset({"ana", "bo"}))
    assert leads_only_theirs(ours, theirs, FLIP_NUMBER, peer="theirs") == 1
    assert leads_only_theirs(ours, ours, FLIP_NUMBER, peer="theirs") == 0


def test_a_peer_lead_at_the_flip_number_must_be_a_lead_of_ours_too() -> None:
    ours = Outcome({"ana": FLIP_NUMBER}, frozenset())
    theirs = Outcome(ours.scores, frozenset({"ana"}))
    with pytest.raises(Wrong, match="1 leads of theirs are none of ours, such as ana"):
        leads_only_theirs(ours, theirs, FLIP_NUMBER, peer="theirs")


def test_a_lead_of_ours_must_be_a_lead_of_the_peer_too() -> None:
    ours = Outcome({"ana": 3}, frozenset({"ana"}))
    with pytest.raises(Wrong, match="1 leads of ours are none of theirs, such as ana"):
        leads_only_theirs(ours, outcome(ana=3), FLIP_NUMBER, peer="theirs")


def test_each_flipped_profile_has_one_lead_with_reasons_that_add_up() -> None:
    check_values("leads", [lead("bo"), lead("ana")], frozenset({"ana", "bo"}))


@pytest.mark.parametrize(
    "values",
    [
        [],
        [lead("bo")],
        [lead("ana"), lead("ana")],
        [lead("ana"), lead("bo")],
        [lead("ana", points=(4, 7))],
        [lead("ana", score=9, points=(4, 5))],
    ],
    ids=["none", "another", "twice", "one too many", "reasons of another score", "below the flip number"],
)
def test_missing_extra_duplicate_or_inconsistent_leads_raise(values: list[bytes]) -> None:
    with pytest.raises(Wrong):
        check_values("leads", values, frozenset({"ana"}))


def test_a_profile_is_named_by_its_strongest_identity() -> None:
    rows = [("1", "anonymous_id", "cookie"), ("1", "email", "a@b.example"), ("2", "anonymous_id", "other")]
    assert names_of(rows) == {"1": "email:a@b.example", "2": "anonymous_id:other"}


def test_stretches_follow_the_filling_and_end_with_the_plan() -> None:
    assert PLAN.end == 360
    assert PLAN.stretches == {FIRST: (60, 160), WARM: (260, 360)}
    assert PLAN.marks == [61, 160, 261, 360]
    assert PLAN.heading(WARM) == "warm: 100 events after 260"


def test_the_scale_shrinks_each_part_of_the_plan(tmp_path: Path) -> None:
    assert Plan.of(Arena(tmp_path, 0, 0, scale=0.01)) == Plan(600, 1_000, 2_000)


def test_the_cost_of_a_stretch_is_the_difference_of_two_readings() -> None:
    first = Reading(61, 1.0, Spent(1.0, 5.0, 2.0))
    last = Reading(161, 3.0, Spent(1.5, 5.25, 2.0))
    stretch = between(first, last)
    assert (stretch.events, stretch.seconds, stretch.rate) == (100, 2.0, 50.0)
    assert stretch.microseconds == Spent(5_000, 2_500, 0)
    assert stretch.total == 7_500


def test_readings_at_the_marks_are_paired_to_stretches() -> None:
    readings = [Reading(mark, at, NOTHING) for at, mark in enumerate(PLAN.marks)]
    assert [stretch.events for stretch in PLAN.measure(readings).values()] == [99, 99]


def test_a_stretch_without_events_between_the_readings_raises() -> None:
    reading = Reading(160, 1.0, NOTHING)
    with pytest.raises(Wrong, match="measure more events"):
        between(reading, reading)


def looks(positions: Iterator[int]) -> Any:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Any]:
        async def look() -> int:
            return next(positions)

        yield look

    return opened()


def test_a_reading_is_taken_when_the_position_passes_a_mark() -> None:
    spent = (Spent(seconds, 0, 0) for seconds in range(9))
    readings = read_at([2, 5], looks(iter([0, 3, 3, 7])), lambda: next(spent), lambda: None)
    assert [(reading.position, reading.spent.worker) for reading in readings] == [(3, 0), (7, 1)]


def test_reading_stops_when_the_worker_has_ended() -> None:
    def check() -> None:
        raise Wrong("it has ended")

    with pytest.raises(Wrong, match="it has ended"):
        read_at([5], looks(iter([0])), lambda: NOTHING, check)


def test_sides_take_turns_at_running_first_in_a_round() -> None:
    orders = [order(number) for number in range(4)]
    assert [sides[0] for sides in orders] == ["ours", "a", "b", "ours"]
    assert all(sorted(sides) == sorted(SIDES) for sides in orders)


@pytest.mark.parametrize(("warm", "met"), [([(120, 100)], True), ([(121, 100)], False)])
def test_the_aim_is_judged_by_the_warm_stretch(warm: list[tuple[float, float]], met: bool) -> None:
    assert is_met(rounds(*warm)) is met
    assert ratios(rounds(*warm), FIRST, WITH_POSTGRES) == [4.0]


def test_one_slow_round_of_three_does_not_miss_the_aim() -> None:
    assert is_met(rounds((100, 100), (500, 100), (110, 100)))


def test_the_table_shows_the_sum_and_the_ratio_beside_the_aim() -> None:
    console = Console(width=180, record=True)
    console.print(render(rounds((200, 100), (300, 100), (260, 100)), PLAN))
    *_, last = (line for line in console.export_text().splitlines() if "PostgreSQL" in line)
    cells = [cell.strip() for cell in last.split("│") if cell.strip()]
    assert cells[1:] == ["500", "2.0", "50", "25", "25", "100", "2.60 (2.00 to 3.00)", "<= 1.2  not yet"]
    assert console.export_text().count("not yet") <= 1


def test_the_report_lists_work_that_only_one_side_does() -> None:
    lists = differences()
    assert "ledger" in lists.partition("The peers alone")[0]
    assert "changelog" in lists.partition("The peers alone")[2]


def test_the_jdbc_url_preserves_escaped_characters_of_the_password() -> None:
    address = jdbc("postgresql+asyncpg://flipline:a%26b%3D@127.0.0.1:5432/peer_b_0")
    assert address == "jdbc:postgresql://127.0.0.1:5432/peer_b_0?password=a%26b%3D&user=flipline"
