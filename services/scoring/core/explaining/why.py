"""Why: whether a profile became a lead of a model, or what keeps it from being one. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from services.scoring.core.explaining.counterfactual import decisive
from services.scoring.core.explaining.lines import ScoreLine, Without, lines_of, without_lines
from services.scoring.core.explaining.suggesting import Suggestions, share_that_met, suggest
from services.scoring.core.explaining.ways import missing
from services.scoring.core.pricing.appraisal import QUALIFIED, State, state_of
from services.scoring.core.pricing.crossing import crossed_on
from services.scoring.core.pricing.flip import Cycle
from services.scoring.core.pricing.price import ScoreInput, price
from services.scoring.matrix.matrix import Version

Status = Literal[
    "lead",
    "kept_back",
    "waiting_for_activity",
    "qualified",
    "excluded",
    "waiting_for_data",
    "below",
]
LEAD: Final = "lead"
KEPT_BACK: Final = "kept_back"
WAITING_FOR_ACTIVITY: Final = "waiting_for_activity"


@dataclass(frozen=True)
class WhyInput:
    """The question: the version, the day (UTC ordinal) at whose end it is asked, and what happened so far.

    `of_flip`: the day and the version are those of the flip that began `cycle`, the latest cycle of the
    profile until that day. `next_from` is the first day on which another cycle could follow. `waits`: the
    profile qualified before it did anything new, so it flips with the next interaction. `others` are cycles
    of the profile that belong to another profile since an unmerge. `peers` are other profiles that qualify.
    """

    version: Version
    day: int
    is_draft: bool = False
    scores_now: bool = True
    of_flip: bool = False
    cycle: Cycle | None = None
    next_from: int | None = None
    waits: bool = False
    others: Sequence[Cycle] = ()
    peers: Sequence[ScoreInput] = ()


@dataclass(frozen=True)
class Why:
    """The answer. `flipped`: the profile flipped, or would under this version on this day.

    `chosen` are the indices, among the score's reasons, of the fewest lines without which the score would
    miss the flip number, and `without` is that score as a sum; both exist only if the score reaches it.
    """

    question: WhyInput
    status: Status
    state: State
    flipped: bool
    score: float
    crossed_on: int | None
    lines: Sequence[ScoreLine]
    chosen: Sequence[int]
    without: Without | None
    points_missing: float
    suggestions: Suggestions
    missing: Sequence[str]
    excluded_by: str | None


def explain_flip(known: ScoreInput, question: WhyInput) -> Why:
    """Return why a profile is a lead, or why it is not and what would make it one."""
    matrix, day = question.version.matrix, question.day
    score = price(known, matrix, day)
    traits = known.traits.at(day)
    state = state_of(score.points, matrix, known.traits, day)
    lines, chosen = lines_of(score, known, matrix, day), decisive(score, matrix)
    lacking = missing(known, matrix, day)
    done = {line.rule for line in lines if line.count}
    peers = share_that_met(question.peers, matrix, day) if lacking.ways else {}
    return Why(
        question=question,
        status=_status(state, question),
        state=state,
        flipped=score.points >= matrix.flip_number and (state == QUALIFIED or question.of_flip),
        score=score.points,
        crossed_on=crossed_on(known, matrix, day),
        lines=lines,
        chosen=chosen,
        without=without_lines(score, lines, chosen, matrix) if chosen else None,
        points_missing=lacking.points,
        suggestions=suggest(lacking.ways, done, peers),
        missing=matrix.missing(traits),
        excluded_by=matrix.excluded_by(traits, known.traits.email_domains(day)),
    )


def _status(state: State, question: WhyInput) -> Status:
    """Return what became of the profile, or what keeps sales from getting it."""
    if question.cycle is not None and (question.of_flip or state == QUALIFIED):
        return KEPT_BACK if question.cycle.lead_id is None else LEAD
    return WAITING_FOR_ACTIVITY if state == QUALIFIED and question.waits else state
