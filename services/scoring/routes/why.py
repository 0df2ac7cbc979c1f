"""The route that explains why a profile became a lead, or what keeps it from being one."""

import asyncio
from collections.abc import Iterable
from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel

from services.scoring.core.explaining.lines import Kind, ScoreLine, Without
from services.scoring.core.explaining.summary import summary
from services.scoring.core.explaining.why import Status, Why, explain_flip
from services.scoring.core.pricing.appraisal import State
from services.scoring.core.pricing.flip import Cycle
from services.scoring.routes.parameters import At, ModelName, ProfileId, WhichVersion
from services.scoring.routes.question import Question, question
from services.scoring.routes.shapes import ReasonOut
from shared.database.engine import Database
from shared.process.clock import Clock
from shared.web.auth import Requires
from shared.web.keyed import keyed_router


class WayOut(BaseModel):
    """One way to the flip number: more matches of one rule, or a trait."""

    rule: str
    label: str
    times: int
    text: str


class LineOut(BaseModel):
    """One line of the score; `note` says how limit, cap or time changed it."""

    rule: str
    label: str
    kind: Kind
    points: float
    count: int
    paid: int
    in_smallest_set: bool
    note: str | None


class CapChangeOut(BaseModel):
    """How much less (or more) the cap of a group cuts without the smallest set."""

    rule: str
    label: str
    points: float


class WithoutOut(BaseModel):
    """The score without the smallest set, as a sum.

    `smallest_set + others` is the score; `others` and the points of `changes` are `score`, the score without.
    """

    smallest_set: float
    others: float
    changes: list[CapChangeOut]
    score: float


class HandOffOut(BaseModel):
    """The profile's latest hand-off cycle; without a lead when an activation kept it back.

    `next_from` is the first day on which the next cycle may begin (`requalify_after`), null for never.
    """

    lead_id: str | None
    cycle: int
    version: int
    flipped_at: datetime
    kept_back: bool
    next_from: date | None


class WhyOut(BaseModel):
    """Why a profile became a lead of a model, or what keeps it from being one.

    `summary` says it in sentences. `status` is lead (sales has it), kept_back (by an activation),
    waiting_for_activity (it flips with its next human interaction), qualified (it would be a lead under this
    version on this day), excluded, waiting_for_data or below. `flipped` is true if the profile flipped or
    would flip, by what counts now; `state` is its state at the end of that day.

    The points of `lines` add up to `score`. `smallest_set` is the least number of lines without which the
    score would not reach the flip number, and `without` is the score without it. When the score does not
    reach it, `points_missing` and `ways` say how far it is: the likeliest ways; `more_ways` counts those left
    out. `missing` and `excluded_by` say what keeps the profile from sales.
    """

    summary: str
    status: Status
    flipped: bool
    state: State
    score: float
    flip_number: float
    version: int
    at: datetime
    crossed_on: date | None
    hand_off: HandOffOut | None
    lines: list[LineOut]
    smallest_set: list[ReasonOut]
    without: WithoutOut | None
    points_missing: float
    ways: list[WayOut]
    more_ways: int
    missing: list[str]
    excluded_by: str | None


def routes(database: Database, clock: Clock, requires: Requires) -> APIRouter:
    """Return the route about why."""
    router = keyed_router(requires, prefix="/v1/profiles/{profile_id}/scores/{model}", tag="profiles")

    @router.get("/why-flipped")
    async def get_why_flipped(
        profile_id: ProfileId, model: ModelName, at: At = None, version: WhichVersion = None
    ) -> WhyOut:
        """Explain why the profile became a lead, or what keeps it from being one.

        Without `at` and `version` the answer is for the latest flip, under the version of then. For a
        profile that never flipped it is for now.
        """
        found = await database.read(
            lambda connection: question(connection, profile_id, model, at=at, which=version, now=clock.now())
        )
        return await asyncio.to_thread(_answered, found)

    return router


def _answered(question: Question) -> WhyOut:
    why = explain_flip(question.known, question.why_input)
    why_input = why.question
    return WhyOut(
        summary=summary(why),
        status=why.status,
        flipped=why.flipped,
        state=why.state,
        score=why.score,
        flip_number=why_input.version.matrix.flip_number,
        version=why_input.version.number,
        at=question.at,
        crossed_on=_date(why.crossed_on),
        hand_off=None if why_input.cycle is None else _hand_off(why_input.cycle, why_input.next_from),
        lines=[_line(line, in_smallest_set=line.index in why.chosen) for line in why.lines],
        smallest_set=_smallest_set(why),
        without=None if why.without is None else _without(why.without),
        points_missing=why.points_missing,
        ways=[
            WayOut(rule=way.rule, label=way.label, times=way.times, text=way.text)
            for way in why.suggestions.ways
        ],
        more_ways=why.suggestions.more,
        missing=list(why.missing),
        excluded_by=why.excluded_by,
    )


def _date(day: int | None) -> date | None:
    return None if day is None else date.fromordinal(day)


def _hand_off(cycle: Cycle, next_from: int | None) -> HandOffOut:
    return HandOffOut(
        lead_id=cycle.lead_id,
        cycle=cycle.number,
        version=cycle.version,
        flipped_at=cycle.flipped_at,
        kept_back=cycle.lead_id is None,
        next_from=_date(next_from),
    )


def _line(line: ScoreLine, *, in_smallest_set: bool) -> LineOut:
    return LineOut(
        rule=line.rule,
        label=line.label,
        kind=line.kind,
        points=line.points,
        count=line.count,
        paid=line.paid,
        in_smallest_set=in_smallest_set,
        note=line.note,
    )


def _smallest_set(why: Why) -> list[ReasonOut]:
    return [
        ReasonOut(
            rule=line.rule,
            label=line.label,
            points=line.points,
            count=line.count,
            paid=line.paid,
            note=line.note,
            days=[],
        )
        for line in why.lines
        if line.index in why.chosen
    ]


def _without(without: Without) -> WithoutOut:
    return WithoutOut(
        smallest_set=without.chosen,
        others=without.others,
        changes=_changes(without.changes),
        score=without.score,
    )


def _changes(lines: Iterable[ScoreLine]) -> list[CapChangeOut]:
    return [CapChangeOut(rule=line.rule, label=line.label, points=line.points) for line in lines]
