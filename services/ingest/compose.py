"""Wires the ingest service together."""

from services.ingest.receive import Receiver
from services.ingest.routes import tracking_routes
from shared.auth import KeyRing
from shared.clock import Clock
from shared.ids import NewId, new_id
from shared.keys import Keys
from shared.log.port import Log
from shared.service import Service


def compose(*, log: Log, clock: Clock, keys: Keys, new_id: NewId = new_id) -> Service:
    """Return the service that takes events in for whoever brings one of the write keys."""
    receiver = Receiver(log=log, clock=clock, ring=KeyRing(keys.write), new_id=new_id)
    return Service(name="ingest", routers=[tracking_routes(receiver)], checks={"log": log.ping})
