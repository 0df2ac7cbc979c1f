"""The route about one score: its reasons, on any day and under any version."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime

from fastapi import APIRouter
from sqlalchemy import Connection

from services.scoring.core.counting.tally import day_of
from services.scoring.core.explaining.days import Day, days_of_rules
from services.scoring.core.explaining.lines import lines_of
from services.scoring.core.pricing.appraisal import state_of
from services.scoring.core.pricing.crossing import crossed_on
from services.scoring.core.pricing.price import ScoreInput, price
from services.scoring.live.lookup import known_under
from services.scoring.matrix.rules import DIGITS
from services.scoring.matrix.version import Version
from services.scoring.routes.parameters import At, ModelName, ProfileId, WhichVersion
from services.scoring.routes.question import requested_version
from services.scoring.routes.shapes import DayOut, ReasonOut, ScoreOut
from services.scoring.store.profiles import find_one
from shared.database.engine import Database
from shared.events import Reason
from shared.process.clock import Clock
from shared.web.auth import Requires
from shared.web.keyed import keyed_router


def routes(database: Database, clock: Clock, requires: Requires) -> APIRouter:
    """Return the routes under /v1/profiles/{id}/scores."""
    router = keyed_router(requires, prefix="/v1/profiles/{profile_id}/scores/{model}", tag="profiles")

    @router.get("")
    async def get_score(
        profile_id: ProfileId, model: ModelName, at: At = None, version: WhichVersion = None
    ) -> ScoreOut:
        """Show a score with its reasons, as of any day and under any version or the draft."""
        when = at or clock.now()

        def loaded(connection: Connection) -> tuple[ScoreInput, Version]:
            requested = requested_version(connection, model, version).version
            profile = find_one(connection, profile_id)
            return known_under(connection, [profile], requested)[profile.id], requested

        known, requested = await database.read(loaded)
        # Pure computing, and long when points fade over many years: meanwhile other requests are answered.
        return await asyncio.to_thread(_score, known, requested, when)

    return router


def _score(known: ScoreInput, version: Version, when: datetime) -> ScoreOut:
    day, matrix = day_of(when), version.matrix
    score = price(known, matrix, day)
    traits = known.traits.at(day)
    crossed = crossed_on(known, matrix, day)
    days = days_of_rules(known, matrix, day)
    notes = [line.note for line in lines_of(score, known, matrix, day) if line.index is not None]
    return ScoreOut(
        score=score.points,
        flip_number=matrix.flip_number,
        fit=score.fit,
        engagement=score.engagement,
        stage=matrix.stage(score.points),
        grade=matrix.grade(score.fit, score.engagement),
        state=state_of(score.points, matrix, known.traits, day),
        missing=list(matrix.missing(traits)),
        excluded_by=matrix.excluded_by(traits, known.traits.email_domains(day)),
        version=version.number,
        at=when,
        crossed_on=date.fromordinal(crossed) if crossed else None,
        reasons=[
            _reason(reason, days.get(reason.rule, ()), note)
            for reason, note in zip(score.reasons, notes, strict=True)
        ],
    )


def _reason(reason: Reason, days: Sequence[Day], note: str | None) -> ReasonOut:
    return ReasonOut(
        rule=reason.rule,
        label=reason.label,
        points=round(reason.points, DIGITS),
        count=reason.count,
        paid=reason.paid,
        note=note,
        days=[
            DayOut(
                day=date.fromordinal(day.day),
                count=day.matches,
                paid=day.paid,
                fade=round(day.fade, DIGITS * 2),
                points=round(day.points, DIGITS),
            )
            for day in days
        ],
    )
