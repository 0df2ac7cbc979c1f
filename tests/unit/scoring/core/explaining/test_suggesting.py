"""The few likely ways to the flip number, the most likely first."""

from services.scoring.core.explaining.suggesting import MAX_SUGGESTIONS, share_that_met, suggest
from services.scoring.core.explaining.ways import BECOME, NO_LONGER_BE, Way
from tests.support.builders import interaction
from tests.unit.scoring.core.explaining.cases import DECIDES, does
from tests.unit.scoring.known import TODAY, identify, known, ruled_by


def way(rule: str, times: int = 1, label: str | None = None) -> Way:
    return Way(rule, label or rule.capitalize(), times)


def order(*ways: Way, done: tuple[str, ...] = (), peers: dict[str, float] | None = None) -> list[str]:
    return [suggested.rule for suggested in suggest(ways, done, peers or {}).ways]


def test_a_single_further_match_is_suggested_before_several_of_a_known_rule() -> None:
    assert order(way("opens", 3), way("joins"), done=("opens",)) == ["joins", "opens"]


def test_rules_that_the_profile_met_before_are_suggested_first() -> None:
    assert order(way("joins"), way("visits"), done=("visits",)) == ["visits", "joins"]
    assert order(way("joins", 2), way("visits", 9), done=("visits",)) == ["visits", "joins"]


def test_rules_that_more_qualified_profiles_met_are_suggested_first() -> None:
    assert order(way("a"), way("b"), way("c"), peers={"b": 0.2, "c": 0.9}) == ["c", "b", "a"]
    assert order(way("a", 2), way("b", 3), peers={"b": 0.9}) == ["a", "b"]


def test_parts_who_met_returns_the_share_of_profiles_that_met_each_rule() -> None:
    rules = ruled_by(does("like", 1), does("visit", -1), does("share", 1), traits=[DECIDES])
    peers = [
        known(rules, interaction("like"), interaction("like"), identify(title="VP")),
        known(rules, interaction("like"), interaction("visit")),
    ]
    assert share_that_met(peers, rules, TODAY) == {"like": 1, "decides": 0.5}


def test_sixteen_equal_ways_are_summarised_in_one_sentence() -> None:
    found = suggest([way(f"r{n:02}") for n in range(16)], (), {})
    assert found.text == "One more of “R00”, “R01”, “R02”, “R03” or “R04” would do. 11 more rules would do."
    assert (len(found.ways), found.more) == (MAX_SUGGESTIONS, 11)


def test_ways_with_the_same_label_are_suggested_once() -> None:
    alike = [way("a", 2, "Visits"), way("b", 1, "visits "), way("c", 1, "Opens")]
    assert order(*alike) == ["b", "c"]
    trait = Way("known", "Visits", 1, BECOME)
    assert order(trait, way("a", 1, "Visits")) == ["known", "a"]


def test_equal_ways_are_grouped_at_the_position_of_the_first() -> None:
    traits = [Way("t", "Decides", 1, BECOME), Way("u", "No company", 1, NO_LONGER_BE)]
    found = suggest([way("a"), *traits, way("b"), way("c", 4)], (), {"t": 0.5, "a": 0.9})
    assert found.text == (
        "One more of “A” or “B” would do. It would do if “Decides” became true. "
        "It would do if “No company” were no longer true. 4 more of “C” would do."
    )
    assert suggest([way(f"r{n}") for n in range(6)], (), {}).text.endswith("1 more rule would do.")
    assert suggest([], (), {}).text == ""
