"""Wires the ingest service together."""

from services.ingest.dead_letters.follow import LetterWorkers
from services.ingest.dead_letters.replay import Replayer
from services.ingest.dead_letters.routes import letter_routes
from services.ingest.http.receive import Receiver
from services.ingest.http.routes import tracking_routes
from shared.database.engine import Database
from shared.identity import Forms
from shared.ids import NewId, new_id
from shared.log.port import Log
from shared.process.clock import Clock
from shared.process.keys import Keys
from shared.process.service import Service
from shared.web.auth import KeyRing, Requires


def compose(
    *, log: Log, database: Database, clock: Clock, keys: Keys, forms: Forms, new_id: NewId = new_id
) -> Service:
    """Return the service that takes events in from every caller with a write key.

    It needs the database for dead letters only, and is ready without it.
    """
    receiver = Receiver(log=log, clock=clock, ring=KeyRing(keys.write), forms=forms, new_id=new_id)
    replayer = Replayer(log=log, database=database, clock=clock, forms=forms)
    letters = LetterWorkers(log=log, database=database, clock=clock)
    return Service(
        name="ingest",
        routers=[
            tracking_routes(receiver),
            letter_routes(database, replayer, Requires(KeyRing(keys.ops), "ops")),
        ],
        auxiliary={"ingest.dead_letters": letters.follow, "ingest.dead_letter_count": letters.count},
        checks={"log": log.ping},
    )
