"""Appraisal: the score, state and due day of a profile in a version at the end of a day. Pure."""

from collections.abc import Sequence
from itertools import repeat
from typing import Final, Literal, NamedTuple

import numpy as np

from services.scoring.core.counting.arrays import Floats
from services.scoring.core.counting.columns import Columns
from services.scoring.core.pricing.due import next_changes
from services.scoring.core.pricing.price import ScoreInput, columns_of
from services.scoring.core.pricing.rule_points import rule_lines
from services.scoring.core.pricing.scores import scores_of
from services.scoring.core.profiles.domains import company_domain
from services.scoring.core.profiles.traits import History
from services.scoring.matrix.matrix import Matrix
from shared.known_traits import text_of

MAX_COMPANY = 200

State = Literal["below", "excluded", "waiting_for_data", "qualified"]
BELOW: Final = "below"
EXCLUDED: Final = "excluded"
WAITING: Final = "waiting_for_data"
QUALIFIED: Final = "qualified"


class Appraisal(NamedTuple):
    """A profile's score and its consequences, until the day `due_on` on which the score may change by itself.

    `state` is `qualified` when the score reaches the flip number, no exclusion holds and no required trait is
    missing. It is `excluded` when an exclusion holds, whatever the score.
    """

    score: float
    stage: str | None
    grade: str | None
    state: State
    company: str | None
    excluded: bool
    due_on: int | None


def appraise(known: ScoreInput, matrix: Matrix, day: int) -> Appraisal:
    """Return the appraisal of a profile at the end of a day (UTC ordinal)."""
    return appraise_all([known], columns_of([known], matrix), matrix, day)[0]


def appraise_all(known: Sequence[ScoreInput], columns: Columns, matrix: Matrix, day: int) -> list[Appraisal]:
    """Return the appraisals of profiles at the end of a day (UTC ordinal), in their order."""
    lines = rule_lines(columns, matrix, day)
    scores = scores_of(known, columns, lines, matrix, day)
    states = states_of(known, scores.points, matrix, day)
    fields = (
        scores.points.tolist(),
        matrix.stage_steps.names_of(scores.points),
        matrix.grading.names_of(scores.fit, scores.engagement) if matrix.grading else repeat(None),
        states,
        (company_of(score_input.traits, day) for score_input in known),
        _excluded(known, states, matrix, day),
        next_changes(known, columns, lines, scores, matrix, day),
    )
    return list(map(Appraisal, *fields))


def states_of(known: Sequence[ScoreInput], points: Floats, matrix: Matrix, day: int) -> list[State]:
    """Return what the scores of profiles mean for the hand-off at the end of a day, in their order."""
    states: list[State] = [BELOW] * len(known)
    for index in np.flatnonzero(points >= matrix.flip_number).tolist():
        states[index] = state_of(points.item(index), matrix, known[index].traits, day)
    return states


def state_of(score: float, matrix: Matrix, history: History, day: int) -> State:
    """Return what a score means for the hand-off, given a profile's traits at the end of a day."""
    if score < matrix.flip_number:
        return BELOW
    if is_excluded(matrix, history, day):
        return EXCLUDED
    return WAITING if matrix.missing(history.at(day)) else QUALIFIED


def _excluded(known: Sequence[ScoreInput], states: Sequence[State], matrix: Matrix, day: int) -> list[bool]:
    """Return which profiles an exclusion keeps from sales; for those at the flip number the state says it."""
    if not matrix.excludes:
        return [False] * len(known)
    return [
        is_excluded(matrix, score_input.traits, day) if state == BELOW else state == EXCLUDED
        for score_input, state in zip(known, states, strict=True)
    ]


def is_excluded(matrix: Matrix, history: History, day: int) -> bool:
    """Return whether an exclusion keeps a profile from sales, whatever its score, at the end of a day."""
    if not matrix.excludes:
        return False
    return matrix.excluded_by(history.at(day), history.email_domains(day)) is not None


def company_of(history: History, day: int) -> str | None:
    """Return the company that a profile counts to: its company domain, else the trait `company` as set."""
    domain = history.reported(day).get("email_domain", history.email_domain)
    company = company_domain(domain.strip().casefold()) if isinstance(domain, str) else None
    if not company:
        company = text_of(history.at(day).get("company"))
    return company.casefold()[:MAX_COMPANY] if company else None
