"""`python -m tests.bench.peers`: run the sides, compare their scores, print the table, write the JSON."""

import json
import signal
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console

from deploy.command import Failure
from tests.bench import machine
from tests.bench.arena import Arena, Wrong, temporary_directory
from tests.bench.backends import kafka, postgres
from tests.bench.peers.building import build
from tests.bench.peers.plan import Plan
from tests.bench.peers.rounds import WITH_POSTGRES, Round, measure
from tests.bench.peers.shown import AIM, agreement, differences, is_met, ratios, render

WIDTH = 150


class Options(Namespace):
    """The command line."""

    rounds: int
    scale: float
    out: Path


def _options() -> Options:
    parser = ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each side runs (%(default)s)")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="less of everything, for development (%(default)s)"
    )
    parser.add_argument("--out", type=Path, default=Path("bench-peers.json"), help="the report (%(default)s)")
    return parser.parse_args(namespace=Options())


def main() -> int:
    """Carry out the command line; fail if the scores of the sides differ, never because a side is slow."""
    options = _options()
    # As after an interrupt, processes are ended and files are removed.
    signal.signal(signal.SIGTERM, _leave)
    started = time.monotonic()
    rounds: list[Round] = []
    wrong: str | None = None
    with temporary_directory() as directory:
        arena = Arena(directory, seconds=0, pairs=options.rounds, scale=options.scale)
        described = machine.describe() | {"pinned": arena.cores.described}
        plan = Plan.of(arena)
        try:
            arena.print_step("compiling the Kafka Streams application ...")
            class_path = build(arena.subdirectory("application"))
            with kafka(arena) as bootstrap, postgres(arena) as cluster:
                for measured in measure(arena, plan, class_path, bootstrap, cluster, rounds=options.rounds):
                    rounds.append(measured)  # noqa: PERF402 - kept also when a later one is wrong
        except (Wrong, Failure) as error:
            # The rounds that were measured before are printed and written all the same.
            wrong = str(error)
    console = Console(width=WIDTH, highlight=False)
    if rounds:
        console.print(render(rounds, plan))
        console.print(agreement(rounds), differences(), sep="\n", markup=False)
    report = {
        "machine": described,
        "wrong": wrong,
        "took_seconds": round(time.monotonic() - started),
        "scale": options.scale,
        "aim": AIM,
        "met": is_met(rounds) if rounds else None,
        "ratios": {stretch: ratios(rounds, stretch, WITH_POSTGRES) for stretch in plan.stretches},
        "rounds": [measured.as_json() for measured in rounds],
    }
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    arena.print_step(f"written to {options.out} after {report['took_seconds']} s")
    if wrong is not None:
        arena.console.print("wrong:", wrong, style="bold red", markup=False)
    return 0 if wrong is None else 1


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main())
