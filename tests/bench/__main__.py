"""`python -m tests.bench`: measure the rows, print the table, write the JSON."""

import asyncio
import json
import signal
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from rich.console import Console

from tests.bench import ground, machine
from tests.bench.arena import Arena, Wrong, temporary_directory
from tests.bench.backends import kafka, postgres
from tests.bench.databases import copy
from tests.bench.profiled import hot_spots
from tests.bench.rows import (
    batches,
    drain,
    embedded,
    folding,
    latency,
    lone,
    many_counts,
    recount,
    repricing,
    side_by_side,
    single,
)
from tests.bench.table import Row, render

TITLE = "Ours beside its floor"
WIDTH = 150
# The limit includes the start of servers that no earlier row needed; with a limit no hang stays unseen.
ROW_LIMIT_SECONDS = 720


class Options(Namespace):
    """The command line."""

    rows: frozenset[int]
    seconds: float
    pairs: int
    out: Path
    profile: Path | None
    embedded_only: bool
    scale: float


def _options() -> Options:
    parser = ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--rows", type=_numbers, default="1,2,3,4,5,6,7,8,9,10,11,12", help="which rows (%(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=0.8, help="a side of a pair, rows 1 and 2 (%(default)s)"
    )
    parser.add_argument("--pairs", type=int, default=12, help="pairs of rows 1 and 2 (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("bench.json"), help="the report (%(default)s)")
    parser.add_argument("--embedded-only", action="store_true", help="what needs no Kafka and no PostgreSQL")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="less of everything in rows 3 and 5 to 12, for development"
    )
    parser.add_argument(
        "--profile",
        type=Path,
        metavar="DIR",
        help="run our servers under cProfile; the ratios then mean nothing",
    )
    return parser.parse_args(namespace=Options())


def _numbers(text: str) -> frozenset[int]:
    try:
        numbers = frozenset(int(part) for part in text.split(","))
    except ValueError as error:
        raise ArgumentTypeError("name rows such as 1,3") from error
    if not numbers <= set(range(1, 13)):
        raise ArgumentTypeError("the rows are 1 to 12")
    return numbers


_EMBEDDED: Final[Mapping[int, Callable[[Arena], Row]]] = {
    1: single.measure,
    4: latency.measure_embedded,
    6: embedded.measure,
    9: drain.measure_embedded,
    10: many_counts.measure,
    11: lone.measure_embedded,
}
_PRODUCTION: Final[Mapping[int, Callable[[Arena, str, str], Row]]] = {
    4: latency.measure_production,
    9: drain.measure_production,
    11: lone.measure_production,
}


def _measure(arena: Arena, selected: frozenset[int], *, embedded_only: bool) -> Iterator[Row]:
    """Yield the rows, with the servers that they share."""
    for number, measure in _EMBEDDED.items():
        if number in selected:
            yield measure(arena)
    if embedded_only:
        return
    if selected & {2, 3, 4, 5, 9, 11}:
        with kafka(arena) as bootstrap:
            yield from _measure_on_kafka(arena, bootstrap, selected)
    if selected & {7, 8, 12}:
        with postgres(arena) as url:
            if selected & {7, 12}:
                yield from repricing.measure(arena, url)
            if 8 in selected:
                yield recount.measure(arena, url)


def _measure_on_kafka(arena: Arena, bootstrap: str, selected: frozenset[int]) -> Iterator[Row]:
    if 2 in selected:
        yield batches.measure(arena, bootstrap)
    if not selected & {3, 4, 5, 9, 11}:
        return
    with postgres(arena) as url:
        if selected & {3, 5}:
            found = ground.found(arena, bootstrap, url)
            if 3 in selected:
                yield folding.measure(arena, found)
            if 5 in selected:
                yield side_by_side.measure(arena, found)
        for number, measure in _PRODUCTION.items():
            if number in selected:
                # Positions belong to one log, and topics with another prefix are another log.
                own = asyncio.run(copy(url, f"row{number}", "template1"))
                yield measure(arena, bootstrap, own)


def _bounded(measured: Iterator[Row]) -> Iterator[Row]:
    """Yield the rows; raises Wrong within the one that takes too long."""
    signal.signal(signal.SIGALRM, _give_up)
    try:
        while True:
            signal.alarm(ROW_LIMIT_SECONDS)
            row = next(measured, None)
            if row is None:
                return
            yield row
    finally:
        signal.alarm(0)


def _give_up(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Wrong(f"a row is not done after {ROW_LIMIT_SECONDS} s; its name was printed last")


def main() -> int:
    """Carry out the command line; fail on wrong answers, never on slow ones."""
    options = _options()
    # As after an interrupt, processes are ended and files are removed.
    signal.signal(signal.SIGTERM, _leave)
    if options.profile:
        options.profile.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    rows: list[Row] = []
    wrong: str | None = None
    with temporary_directory() as directory:
        profiles = options.profile.resolve() if options.profile else None
        arena = Arena(directory, options.seconds, options.pairs, profiles, options.scale)
        described = machine.describe() | {"pinned": arena.cores.described}
        try:
            for row in _bounded(_measure(arena, options.rows, embedded_only=options.embedded_only)):
                rows.append(row)
                arena.print_step(f"row {row.number} is measured")
        except Wrong as error:
            # The rows that were measured before are printed and written all the same.
            wrong = str(error)
    rows.sort(key=lambda row: row.number)
    Console(width=WIDTH).print(render(rows, title=TITLE))
    report = {
        "machine": described,
        "profiled": bool(options.profile),
        "wrong": wrong,
        "took_seconds": round(time.monotonic() - started),
        "rows": [row.as_json() for row in rows],
    }
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    arena.print_step(f"written to {options.out} after {report['took_seconds']} s")
    if options.profile:
        _print_profiles(arena, options.profile)
    if wrong is not None:
        arena.console.print("wrong:", wrong, style="bold red", markup=False)
    return 0 if wrong is None else 1


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(143)


def _print_profiles(arena: Arena, directory: Path) -> None:
    for file in sorted(directory.glob("*.prof")):
        arena.console.print(f"[bold]{file}[/], own seconds of the main thread:")
        for seconds, calls, function in hot_spots(file):
            arena.console.print(f"  {seconds:8.2f} {calls:>10,}  {function}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
