from services.scoring.core.explaining import days_of_rules
from services.scoring.core.worth import Day
from tests.builders import interaction, rule
from tests.unit.scoring.known import TODAY, known, ruled_by


def test_a_score_is_explained_day_by_day_for_each_rule_that_has_matches() -> None:
    rules = ruled_by(
        rule("likes", 3, when={"type": "like"}),
        rule("leaves", -20, when={"type": "email_unsubscribe"}),
        rule("visits", 8, half_life="10d", limit={"times": 1, "per": "day"}),
        rule("reads", 1, when={"type": "visit"}, limit={"times": 1, "per": "ever"}),
    )
    done = [interaction(), interaction(), interaction(day=10), interaction("like", day=4)]
    explained = days_of_rules(known(rules, *done), rules, TODAY + 10)
    assert list(explained) == ["likes", "visits", "reads"]
    assert explained == {
        "likes": [Day(TODAY + 4, 1, 1, 1.0, 3.0)],
        "visits": [Day(TODAY, 2, 1, 0.5, 4.0), Day(TODAY + 10, 1, 1, 1.0, 8.0)],
        "reads": [Day(TODAY, 2, 1, 1.0, 1.0), Day(TODAY + 10, 1, 0, 1.0, 0.0)],
    }


def test_a_rule_whose_matches_are_yet_to_come_or_out_of_its_window_explains_nothing() -> None:
    rules = ruled_by(rule(window="10d"), rule("likes", when={"type": "like"}))
    later = known(rules, interaction(), interaction("like", day=11))
    assert days_of_rules(later, rules, TODAY + 10) == {}
