"""What follows from a score (docs/scoring.md): the stage, the grade, and whether sales gets the lead."""

from typing import NamedTuple

from tests.oracle.conditions import Json, met_by_traits, trait_of
from tests.oracle.fold import Life
from tests.oracle.traits import traits_at


class Standing(NamedTuple):
    """Stage, grade and state of a person at the end of a day."""

    stage: str | None
    grade: str | None
    state: str


def standing(life: Life, matrix: Json, day: int) -> Standing:
    """Return stage, grade and state of a person at the end of a day (ordinal of the UTC date)."""
    account = life.account(matrix, day)
    reached = [
        (threshold, name)
        for name, threshold in matrix.get("stages", {}).items()
        if account.score >= threshold
    ]
    grade = None
    if "grades" in matrix:
        of_fit, of_engagement = matrix["grades"]["fit"], matrix["grades"]["engagement"]
        letter = "ABCD"[sum(round(account.fit, 3) < step for step in of_fit)]
        grade = f"{letter}{1 + sum(round(account.engagement, 3) < step for step in of_engagement)}"
    state = _state(life, matrix, day) if account.score >= matrix["flip_number"] else "below"
    return Standing(max(reached)[1] if reached else None, grade, state)


def _state(life: Life, matrix: Json, day: int) -> str:
    traits = traits_at(life.person, life.interactions, day, life.retracted)
    domains = [identity.value.rpartition("@")[2] for identity in life.person if identity.kind == "email"]
    faces = [traits, *({**traits, "email_domain": domain} for domain in domains)]
    if any(met_by_traits(condition, face) for condition in matrix.get("excludes", ()) for face in faces):
        return "excluded"
    is_complete = all(trait_of(traits, name) is not None for name in matrix.get("requires", ()))
    return "qualified" if is_complete else "waiting_for_data"
