"""A score as a sum that adds up on paper, whole and without the lines that made the difference."""

from collections.abc import Iterable
from decimal import Decimal

from hypothesis import given, settings

from services.scoring.core.explaining.counterfactual import decisive
from services.scoring.core.explaining.lines import ScoreLine, Without, lines_of, without_lines
from services.scoring.core.pricing.price import ScoreInput, price
from services.scoring.matrix.matrix import Matrix
from shared.events import Interaction
from tests.support.builders import interaction, rule
from tests.unit.scoring.core.explaining.cases import DECIDES, cases, does
from tests.unit.scoring.known import TODAY, adjustment, identify, known, ruled_by


def lines(rules: Matrix, *interactions: Interaction, day: int = 0) -> list[ScoreLine]:
    of = known(rules, *interactions)
    return lines_of(price(of, rules, TODAY + day), of, rules, TODAY + day)


def without(rules: Matrix, *interactions: Interaction) -> Without:
    """What the score would be without the fewest lines that made the difference."""
    of = known(rules, *interactions)
    score = price(of, rules, TODAY)
    score_lines = lines_of(score, of, rules, TODAY)
    return without_lines(score, score_lines, decisive(score, rules), rules)


def added(points: Iterable[float]) -> Decimal:
    """The sum on paper."""
    return sum((Decimal(repr(number)) for number in points), Decimal(0))


def notes(rules: Matrix, *interactions: Interaction, day: int = 0) -> list[str | None]:
    return [line.note for line in lines(rules, *interactions, day=day)]


def test_every_kind_of_line_has_rule_label_kind_and_points() -> None:
    rules = ruled_by(
        does("like", 20),
        does("visit", 20),
        traits=[DECIDES],
        groups={"web": {"rules": ["like", "visit"], "cap": 25}},
        inactivity={"after": "2d", "points": -3},
    )
    done = [interaction("like"), interaction("visit"), identify(title="VP"), adjustment(4, "fair")]
    assert [(line.rule, line.label, line.kind, line.points) for line in lines(rules, *done, day=2)] == [
        ("like", "Like", "behaviour", 20),
        ("visit", "Visit", "behaviour", 20),
        ("decides", "Decides", "trait", 20),
        ("group:web", "Group web within 25", "group_cap", -15),
        ("inactivity", "Nothing done for 2 days", "inactivity", -3),
        ("adjustment", "fair", "by_hand", 4),
    ]


def test_a_line_notes_the_effect_of_limit_fading_and_cap() -> None:
    limited = does("like", 8, limit={"times": 2, "per": "day"}, cap=12)
    assert notes(ruled_by(limited), *[interaction("like")] * 5) == [
        "the limit lets 2 of 5 times be paid; the cap holds 16 points to 12"
    ]
    fading = does("like", 8, half_life="10d")
    assert notes(ruled_by(fading), interaction("like"), day=10) == ["time has left 4 of 8 points"]
    both = does("visit", -8, half_life="10d", cap=3)
    assert notes(ruled_by(both), interaction("visit"), day=10) == [
        "time has left -4 of -8 points; the cap holds -4 points to -3"
    ]
    assert notes(ruled_by(does("like", 8, cap=8)), interaction("like")) == [None]


def test_a_rounding_difference_is_a_separate_line() -> None:
    rules = ruled_by(does("like", 0.0004), does("visit", 0.0004), rule("shares", 2, when={"type": "share"}))
    done = lines(rules, interaction("like"), interaction("visit"), interaction("share"))
    assert [(line.kind, line.points) for line in done] == [
        ("behaviour", 0), ("behaviour", 0), ("behaviour", 2), ("rounding", 0.001),
    ]  # fmt: skip


def test_the_score_without_lines_accounts_for_the_group_cap() -> None:
    rules = ruled_by(
        does("like", 16),
        does("visit", 12),
        does("share", 7),
        groups={"web": {"rules": ["like", "visit"], "cap": 18}},
    )
    done = [interaction("like"), interaction("visit"), interaction("share")]
    assert without(rules, *done) == Without(7, 18, (), 18)
    cut_less = ScoreLine("group:web", "Group web within 18", "group_cap", 10)
    assert without(rules.model_copy(update={"flip_number": 13.0}), *done) == Without(28, -3, (cut_less,), 7)


@settings(max_examples=300)
@given(cases())
def test_the_lines_add_up_to_the_score_for_any_profile(case: tuple[Matrix, ScoreInput]) -> None:
    matrix, of = case
    score = price(of, matrix, TODAY)
    score_lines = lines_of(score, of, matrix, TODAY)
    assert added(line.points for line in score_lines) == Decimal(repr(score.points))
    chosen = decisive(score, matrix)
    assert bool(chosen) == (score.points >= matrix.flip_number)
    if not chosen:
        return
    found = without_lines(score, score_lines, chosen, matrix)
    of_set = [line.points for line in score_lines if line.index in chosen]
    assert added(of_set) == Decimal(repr(found.chosen))
    assert added([found.chosen, found.others]) == Decimal(repr(score.points))
    assert added([found.others, *(line.points for line in found.changes)]) == Decimal(repr(found.score))
    assert found.score < matrix.flip_number
    assert abs(sum(line.points for line in (*score_lines, *found.changes) if line.kind == "rounding")) <= 0.02
