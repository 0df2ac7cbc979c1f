"""Composition of scoring: its follower, its outbox relay and its routes."""

from collections.abc import Mapping
from functools import partial

from services.scoring.live.consume import Scorer
from services.scoring.live.corrections import Corrections
from services.scoring.live.timer import Timer
from services.scoring.routes import (
    activation,
    companies,
    correction,
    differences,
    drafts,
    handing_over,
    history,
    lifecycle,
    models,
    previews,
    profiles,
    scores,
    versions,
    why,
)
from shared.database.engine import Database
from shared.database.outbox import keep_relaying
from shared.events import INTERACTIONS
from shared.following.follower import Follower
from shared.identity import Forms
from shared.ids import new_id
from shared.log.port import Log
from shared.process.clock import Clock
from shared.process.keys import Keys
from shared.process.service import Service
from shared.process.supervisor import Bell
from shared.web.auth import KeyRing, Requires

GROUP = "scoring"


def compose(
    *,
    log: Log,
    database: Database,
    clock: Clock,
    keys: Keys,
    forms: Forms,
    identity_limits: Mapping[str, int],
) -> Service:
    """Return the scoring service on the given log and database."""
    outgoing = Bell()
    scorer = Scorer(clock, identity_limits, forms)
    corrections = Corrections(scorer, clock, new_id)
    timer = Timer(database, clock, outgoing.ring)
    follower = Follower(
        log=log,
        database=database,
        clock=clock,
        topic=INTERACTIONS,
        group=GROUP,
        apply=scorer.apply,
        stored=outgoing.ring,
        # SQLite has one writer, so a second share would only wait.
        shares=2 if database.dialect == "postgresql" else 1,
    )

    ops = Requires(KeyRing(keys.ops), "ops")
    ops_or_crm = Requires(KeyRing(keys.ops) | KeyRing(keys.crm), "ops or crm")
    return Service(
        name="scoring",
        routers=[
            models.routes(database, ops),
            versions.routes(database, clock, ops),
            drafts.routes(database, clock, ops, outgoing),
            differences.routes(database, ops),
            previews.routes(database, clock, ops),
            activation.routes(database, clock, ops, outgoing, new_id),
            lifecycle.routes(database, clock, ops, outgoing),
            handing_over.routes(database, clock, ops, outgoing, new_id),
            profiles.routes(database, clock, forms, ops_or_crm),
            history.routes(database, ops_or_crm),
            scores.routes(database, clock, ops_or_crm),
            why.routes(database, clock, ops_or_crm),
            correction.routes(database, corrections, forms, ops, outgoing),
            companies.routes(database, ops_or_crm),
        ],
        workers={
            "scoring.interactions": follower.run,
            "scoring.timer": timer.run,
            "scoring.outbox": partial(keep_relaying, database, log, outgoing),
        },
        checks={"database": database.ping, "log": log.ping},
    )
