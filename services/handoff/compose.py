"""Composition of the hand-off: the one module here that names concrete parts."""

import random
import secrets
from functools import partial

from services.handoff.leads.intake import LeadIntake, count_flips
from services.handoff.leads.model_names import GROUP as MODELS_GROUP
from services.handoff.leads.model_names import ModelNames
from services.handoff.leads.model_names import apply as apply_model_names
from services.handoff.payload.types import OFFERED
from services.handoff.routes import deliveries, leads, webhooks
from services.handoff.routes.sent import described
from services.handoff.sending.attempt import Attempter
from services.handoff.sending.guard import Guard, SystemResolver
from services.handoff.sending.liveness import prove
from services.handoff.sending.measure import Measure
from services.handoff.sending.send import Sender
from services.handoff.sending.takeover import Takeover
from services.handoff.sending.wake import Due
from services.handoff.sending.worker import Deliverer
from services.handoff.webhooks.addresses import Opened
from services.handoff.webhooks.signature import SECRET_BYTES, secret_of
from shared.database.engine import Database
from shared.database.outbox import keep_relaying
from shared.events import LEADS, MATRICES
from shared.following.follower import Follower
from shared.ids import new_id
from shared.log.port import Log
from shared.process.clock import Clock
from shared.process.keys import Keys
from shared.process.service import Service
from shared.process.settings import Settings
from shared.process.supervisor import Bell
from shared.web.auth import KeyRing, Requires

GROUP = "handoff"


def compose(*, log: Log, database: Database, clock: Clock, keys: Keys, settings: Settings) -> Service:
    """Assemble the service; raises Misconfigured when FLIPLINE_WEBHOOK_ALLOW cannot be read."""
    guard = Guard(Opened.parse(settings.webhook_allow), SystemResolver())
    due, outgoing = Due(), Bell()
    models = Follower(
        log=log,
        database=database,
        clock=clock,
        topic=MATRICES,
        group=MODELS_GROUP,
        apply=apply_model_names,
        stored=outgoing.ring,
    )
    model_names = ModelNames(database)
    sender = Sender(guard, timeout_seconds=settings.webhook_timeout_seconds)
    takeover = Takeover(database=database, clock=clock, prove=prove, worker=new_id(), bell=due)
    deliverer = Deliverer(
        database=database,
        clock=clock,
        sender=sender,
        attempter=Attempter(sender=sender, clock=clock, new_id=new_id, jitter=random.random),
        takeover=takeover,
        timeout_seconds=settings.webhook_timeout_seconds,
        due=due,
    )
    follower = Follower(
        log=log,
        database=database,
        clock=clock,
        topic=LEADS,
        group=GROUP,
        apply=LeadIntake(clock=clock, new_id=new_id).apply,
        stored=outgoing.ring,
        applied=count_flips,
        unit=deliverer.unit,
    )
    crm_or_ops = Requires(KeyRing(keys.crm) | KeyRing(keys.ops), "crm or ops")
    return Service(
        name="handoff",
        routers=[
            webhooks.routes(database, guard, model_names, clock, new_id, _new_secret, crm_or_ops),
            deliveries.routes(database, clock, new_id, crm_or_ops, due),
            leads.routes(database, model_names, crm_or_ops),
        ],
        webhooks=described(OFFERED),
        workers={
            "handoff.leads": follower.run,
            "handoff.models": models.run,
            "handoff.deliveries": deliverer.run,
            "handoff.leases": takeover.run,
            "handoff.backlog": Measure(database=database, clock=clock).run,
            "handoff.outbox": partial(keep_relaying, database, log, outgoing),
        },
        checks={"database": database.ping, "log": log.ping},
    )


def _new_secret() -> str:
    return secret_of(secrets.token_bytes(SECRET_BYTES))
