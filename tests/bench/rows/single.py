"""Row 1: one event, HTTP -> durable log, beside an ASGI echo of the same body."""

import base64
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from deploy.localserver import free_port
from tests.bench.arena import Arena, Wrong
from tests.bench.meter import Meter
from tests.bench.servers import flipline, helper, started, wait_for_port
from tests.bench.table import Row, paired
from tests.bench.workload import single_events

CONNECTIONS = 32
REQUESTS = 1_000
WARM_UP_SECONDS = 0.7


def measure(arena: Arena) -> Row:
    """Measure it; raises Wrong when an event that was answered 200 is not on the log."""
    arena.print_step("row 1: one event, HTTP -> embedded log, and the echo")
    requests = [base64.b64encode(request).decode() for request in single_events(REQUESTS)]
    echo_port = free_port()
    pairs: list[tuple[float, float]] = []
    rounds: list[dict[str, Any]] = []
    with (
        flipline(arena, "ingest", name="row1-ingest") as server,
        started(arena, "floors.echo", str(echo_port), cores=arena.cores.server) as echo,
        helper(arena, "load", cores=arena.cores.load) as load,
    ):
        wait_for_port(echo_port)
        ports = {"ours": server.port, "floor": echo_port}
        load.ask({name: {"port": port, "requests": requests} for name, port in ports.items()})
        meters = {"ours": Meter(server.process.pid), "floor": Meter(echo)}
        accepted = 0
        for pair in range(-1, arena.pairs):
            rates: dict[str, float] = {}
            for target in ports:
                seconds = arena.seconds if pair >= 0 else WARM_UP_SECONDS
                with meters[target] as meter:
                    came = load.ask({"target": target, "connections": CONNECTIONS, "seconds": seconds})
                    meter.count(came["answered"])
                rates[target] = came["answered"] / came["seconds"]
                accepted += came["answered"] if target == "ours" else 0
                if pair >= 0:
                    rounds.append({"target": target} | came)
            if pair >= 0:
                pairs.append((rates["ours"], rates["floor"]))
                arena.print_step(
                    f"  pair {pair + 1}: {rates['ours']:,.0f} of {rates['floor']:,.0f} requests/s"
                )
        _check(server.data_dir / "log.sqlite", accepted)
    return paired(
        1, "one event, HTTP -> durable log", "requests/s", ">= 0.5", pairs, at_least=0.5,
        cpu=(meters["ours"].microseconds, meters["floor"].microseconds),
        connections=CONNECTIONS, rounds=rounds, durable=accepted,
    )  # fmt: skip


def _check(file: Path, accepted: int) -> None:
    with closing(sqlite3.connect(file)) as log:
        (kept,) = log.execute("select count(*) from record where topic = 'interactions'").fetchone()
    if kept != accepted:
        raise Wrong(f"{accepted:,} events were answered 200 and {kept:,} are on the log")
