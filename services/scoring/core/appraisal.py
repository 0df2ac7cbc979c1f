"""Appraisal: where a person stands in a version of a model at the end of a day. Pure."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from services.scoring.core.behaviour import rule_lines
from services.scoring.core.crowd import Crowd
from services.scoring.core.domains import company_domain
from services.scoring.core.due import next_changes
from services.scoring.core.pricing import Known, crowd_of
from services.scoring.core.scores import scores_of
from services.scoring.core.traits import History
from services.scoring.model.matrix import Matrix
from services.scoring.model.trait_conditions import Traits
from shared.known_traits import text_of

MAX_COMPANY = 200

State = Literal["below", "excluded", "waiting_for_data", "qualified"]
BELOW: Final = "below"
EXCLUDED: Final = "excluded"
WAITING: Final = "waiting_for_data"
QUALIFIED: Final = "qualified"


class Appraisal(NamedTuple):
    """A person's score and what follows from it, until the day `due_on` on which it may move by itself.

    `state` is `qualified` when the score reaches the flip number and nothing keeps sales from getting the
    lead: neither an exclusion nor a required trait that is missing. `excluded` tells of an exclusion whatever
    the score.
    """

    score: float
    stage: str | None
    grade: str | None
    state: State
    company: str | None
    excluded: bool
    due_on: int | None


def appraise(known: Known, matrix: Matrix, day: int) -> Appraisal:
    """Return where a person stands at the end of a day (UTC ordinal)."""
    return appraise_all([known], crowd_of([known], matrix), matrix, day)[0]


def appraise_all(known: Sequence[Known], crowd: Crowd, matrix: Matrix, day: int) -> list[Appraisal]:
    """Return where persons stand at the end of a day (UTC ordinal), in their order."""
    lines = rule_lines(crowd, matrix, day)
    scores = scores_of(known, crowd, lines, matrix, day)
    due = next_changes(known, crowd, lines, scores, matrix, day)
    each = zip(known, *(column.tolist() for column in scores[:3]), due, strict=True)
    return [_appraisal(one, matrix, day, *of) for one, *of in each]


def _appraisal(
    known: Known, matrix: Matrix, day: int, score: float, fit: float, engagement: float, due: int | None
) -> Appraisal:
    state = state_of(score, matrix, known.traits, day)
    return Appraisal(
        score=score,
        stage=matrix.stage(score),
        grade=matrix.grade(fit, engagement) if matrix.is_graded else None,
        state=state,
        company=company_of(known.traits.at(day)),
        excluded=is_excluded(matrix, known.traits, day) if state == BELOW else state == EXCLUDED,
        due_on=due,
    )


def state_of(score: float, matrix: Matrix, history: History, day: int) -> State:
    """Return what a score means for the hand-off, given what a person is known to be at the end of a day."""
    if score < matrix.flip_number:
        return BELOW
    if is_excluded(matrix, history, day):
        return EXCLUDED
    return WAITING if matrix.missing(history.at(day)) else QUALIFIED


def is_excluded(matrix: Matrix, history: History, day: int) -> bool:
    """Tell whether an exclusion keeps a profile from sales, whatever its score, at the end of a day."""
    if not matrix.excludes:
        return False
    return matrix.excluded_by(history.at(day), history.email_domains(day)) is not None


def company_of(traits: Traits) -> str | None:
    """Return the company that a person counts to: a domain of its own, else the name that was told."""
    domain = traits.get("email_domain")
    company = company_domain(domain.strip().casefold()) if isinstance(domain, str) else None
    if not company:
        company = text_of(traits.get("company"))
    return company.casefold()[:MAX_COMPANY] if company else None
