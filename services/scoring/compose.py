"""Composition of scoring: its follower, its outbox relay and its routes."""

from functools import partial

from services.scoring.consume import Scorer
from services.scoring.routes import models, profiles
from shared.auth import KeyRing, Keys, Requires
from shared.clock import Clock
from shared.database.engine import Database
from shared.database.outbox import keep_relaying
from shared.events import INTERACTIONS
from shared.following import Follower
from shared.log.port import Log
from shared.service import Service
from shared.supervisor import Bell

GROUP = "scoring"


def compose(*, log: Log, database: Database, clock: Clock, keys: Keys) -> Service:
    """Return the scoring service on the given log and database."""
    outgoing = Bell()
    follower = Follower(
        log=log,
        database=database,
        clock=clock,
        topic=INTERACTIONS,
        group=GROUP,
        apply=Scorer(clock).apply,
        committed=outgoing.ring,
        # SQLite has one writer, so there a second share would only wait.
        shares=2 if database.dialect == "postgresql" else 1,
    )

    ops = KeyRing(keys.ops)
    return Service(
        name="scoring",
        routers=[
            models.routes(database, clock, Requires(ops, "ops"), outgoing),
            profiles.routes(database, clock, Requires(ops | KeyRing(keys.crm), "ops or crm")),
        ],
        workers={
            "scoring.interactions": follower.run,
            "scoring.outbox": partial(keep_relaying, database, log, outgoing),
        },
        checks={"database": database.ping, "log": log.ping},
    )
