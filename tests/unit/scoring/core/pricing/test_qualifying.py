from dataclasses import replace
from datetime import timedelta

import pytest

from services.scoring.core.pricing.flip import Cycle, next_cycle, qualify
from services.scoring.core.profiles.linking import Profile
from shared.events import LeadQualified, Reason
from shared.identity import Identity
from tests.support.builders import NOON, interaction, person, rule, version
from tests.unit.scoring.known import identify, known

ANA = person(email="ana@corp.example", phone="+4912345")
VISITS = version(rule("visits", 30, label="Visits", when={"type": "visit"}))


def lead(of: Profile = ANA, *, model: str = "m", cycle: int = 1) -> LeadQualified:
    under = replace(VISITS, model=model)
    done = [interaction(day=-3), identify(title="VP"), identify(title="Chief", day=1)]
    return qualify(of, known(under.matrix, *done), under, cycle=cycle, at=NOON)


def test_a_lead_has_profile_score_crossed_on_reasons_identities_and_traits() -> None:
    made = lead(cycle=2)
    assert made == LeadQualified(
        id=made.id,
        lead_id=made.lead_id,
        profile_id=ANA.id,
        model="m",
        version=1,
        cycle=2,
        score=30,
        flip_number=25,
        crossed_on="2026-03-11",
        qualified_at=NOON,
        reasons=(Reason(rule="visits", label="Visits", points=30, count=1, paid=1),),
        identities=(Identity("email", "ana@corp.example"), Identity("phone", "+4912345")),
        traits={"company": "example.com", "email_domain": "example.com", "title": "VP"},
        audience="sales",
    )


def test_each_profile_model_and_cycle_has_a_different_lead_id() -> None:
    leads = [lead(), lead(person(email="ben@corp.example")), lead(model="n"), lead(cycle=2), lead()]
    assert len({each_lead.lead_id for each_lead in leads}) == 4
    assert len({each_lead.id for each_lead in leads}) == 4


def test_ids_of_leads_are_stable_across_releases() -> None:
    made = lead()
    assert (made.lead_id, made.id) == (
        "lead_b3ad3a86121fc55ac6783d868f74dc2b",
        "evt_147d8590e782256a0e3092fad33200a7",
    )


@pytest.mark.parametrize("order", [1, -1])
def test_requalification_counts_from_the_last_cycle_of_merged_profiles(order: int) -> None:
    """By the ids of the profiles the older cycle would come last."""
    since = version(requalify_after="90d")
    cycles = [
        Cycle("a", "m", 3, "lead", 1, NOON - timedelta(days=10)),
        Cycle("b", "m", 3, "lead", 1, NOON - timedelta(days=100)),
        Cycle("c", "m", 2, "lead", 1, NOON - timedelta(days=1)),
    ][::order]
    assert next_cycle(cycles, since, NOON) is None
    assert next_cycle(cycles, since, NOON + timedelta(days=80)) == 4
