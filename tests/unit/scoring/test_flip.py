from services.scoring.counting import Counts, Tally, count
from services.scoring.flip import qualify, reaches
from shared.events import Interaction
from tests.builders import NOON, identities, interaction, person, rule, version

MARATHON = version(
    rule("announces", 5, label="Announces a marathon", when={"type": "share"}),
    rule("joins", 10, label="Joins the training group", when={"type": "group_join"}),
    rule("signs_up", 10, label="Signs up for the newsletter", when={"type": "newsletter_signup"}),
)
ANTONIO = [
    interaction("share", day=-150),
    interaction("group_join", day=-30),
    interaction("newsletter_signup"),
]


def counted(*done: Interaction) -> Counts:
    counts: Counts = {}
    for one in done:
        count(counts, one, Tally([MARATHON.matrix]))
    return counts


def test_antonio_flips_on_the_third_interaction_and_not_before() -> None:
    assert not reaches(counted(*ANTONIO[:2]), MARATHON, NOON)
    assert reaches(counted(*ANTONIO), MARATHON, NOON)


def test_the_lead_tells_score_reasons_version_and_identities() -> None:
    antonio = person(email="antonio@example.com", twitter="antonio", facebook="antonio.runs")
    lead = qualify(antonio, counted(*ANTONIO), MARATHON, traits={"title": "VP"}, cycle=1, at=NOON)
    assert (lead.score, lead.flip_number, lead.version, lead.cycle) == (25, 25, 1, 1)
    assert [(reason.label, reason.points) for reason in lead.reasons] == [
        ("Announces a marathon", 5),
        ("Joins the training group", 10),
        ("Signs up for the newsletter", 10),
    ]
    assert set(lead.identities) == set(
        identities(email="antonio@example.com", twitter="antonio", facebook="antonio.runs")
    )
    assert (lead.traits, lead.crossed_on) == ({"title": "VP"}, "2026-03-14")


def test_a_lead_told_twice_is_one_lead() -> None:
    ana = person(email="ana@example.com")
    first, again = (
        qualify(ana, counted(*ANTONIO), MARATHON, traits={}, cycle=1, at=NOON.replace(hour=hour))
        for hour in (1, 2)
    )
    assert (first.lead_id, first.id) == (again.lead_id, again.id)


def test_the_next_cycle_is_another_lead() -> None:
    ana = person(email="ana@example.com")
    ids = {qualify(ana, counted(*ANTONIO), MARATHON, traits={}, cycle=n, at=NOON).lead_id for n in (1, 2)}
    assert len(ids) == 2
