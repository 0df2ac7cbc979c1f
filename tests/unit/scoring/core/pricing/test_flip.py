from datetime import timedelta

import pytest

from services.scoring.core.counting.tally import Tally, counted, day_of
from services.scoring.core.pricing.crossing import crossed_on
from services.scoring.core.pricing.flip import Cycle, next_cycle, qualify
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.core.pricing.scores import points
from services.scoring.core.profiles.traits import History
from services.scoring.matrix.reading import stored_matrix
from services.scoring.matrix.version import Version
from shared.events import Interaction
from tests.cast import ANTONIO, ANTONIOS_MATRIX, ANTONIOS_NAMES, antonios_steps
from tests.support.builders import NOON, person, version

MARATHON = Version("marathon", 1, stored_matrix("marathon", ANTONIOS_MATRIX))
STEPS = antonios_steps()


def known(*done: Interaction) -> ScoreInput:
    return ScoreInput(counted(done, Tally([MARATHON.matrix])), History([(NOON, "event", "title", "VP")], ()))


def test_antonio_flips_on_the_third_interaction_and_not_before() -> None:
    today = day_of(NOON)
    assert [points(known(*STEPS[:n]), MARATHON.matrix, today) for n in (2, 3)] == [15, 25]
    assert crossed_on(known(*STEPS), MARATHON.matrix, today) == today


def test_a_lead_has_score_reasons_version_identities_and_traits() -> None:
    antonio = person(**ANTONIOS_NAMES)
    lead = qualify(antonio, known(*STEPS), MARATHON, cycle=1, at=NOON)
    assert (lead.score, lead.flip_number, lead.version, lead.cycle) == (25, 25, 1, 1)
    assert [(reason.label, reason.points) for reason in lead.reasons] == [
        ("Announces a marathon", 5),
        ("Joins the training group", 10),
        ("Signs up for the newsletter", 10),
    ]
    assert set(lead.identities) == set(ANTONIO)
    assert (lead.traits, lead.crossed_on) == ({"title": "VP"}, "2026-03-14")


def test_qualifying_twice_in_a_cycle_gives_the_same_lead() -> None:
    ana = person(email="ana@example.com")
    first, again = (
        qualify(ana, known(*STEPS), MARATHON, cycle=1, at=NOON.replace(hour=hour)) for hour in (1, 2)
    )
    assert (first.lead_id, first.id) == (again.lead_id, again.id)


def test_the_next_cycle_is_another_lead() -> None:
    ana = person(email="ana@example.com")
    ids = {qualify(ana, known(*STEPS), MARATHON, cycle=n, at=NOON).lead_id for n in (1, 2)}
    assert len(ids) == 2


def cycle(number: int, days_ago: int) -> Cycle:
    return Cycle("profile", "m", number, "lead", 1, NOON - timedelta(days=days_ago))


@pytest.mark.parametrize(
    ("past", "number"),
    [([], 1), ([cycle(1, 89)], None), ([cycle(1, 90)], 2), ([cycle(2, 90), cycle(1, 400)], 3)],
)
def test_the_next_cycle_starts_when_requalify_after_has_passed(past: list[Cycle], number: int | None) -> None:
    assert next_cycle(past, version(requalify_after="90d"), NOON) == number


def test_there_is_no_second_cycle_without_requalify_after() -> None:
    assert next_cycle([cycle(1, 4_000)], version(), NOON) is None


def test_a_lead_has_the_audience_of_its_matrix() -> None:
    offered = version(audience="offer")
    assert qualify(person(email="ana@x.example"), known(), offered, cycle=1, at=NOON).audience == "offer"
