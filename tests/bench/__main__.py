"""`python -m tests.bench`: measure, print the table, write the JSON."""

import json
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from tests.bench import machine
from tests.bench.arena import Arena, Wrong, temporary_directory
from tests.bench.profiled import hot_spots
from tests.bench.rows import single
from tests.bench.table import Row, render

EMBEDDED: dict[int, Callable[[Arena], Row]] = {1: single.measure}


class Options(Namespace):
    """The command line."""

    rows: frozenset[int]
    seconds: float
    pairs: int
    out: Path
    profile: Path | None
    embedded_only: bool


def _numbers(text: str) -> frozenset[int]:
    try:
        numbers = frozenset(int(part) for part in text.split(","))
    except ValueError as error:
        raise ArgumentTypeError("name rows such as 1,3") from error
    if not numbers <= {1, 2, 3, 4}:
        raise ArgumentTypeError("the rows are 1, 2, 3 and 4")
    return numbers


if __name__ == "__main__":
    from tests.bench.rows import single, folding
    from tests.bench.servers import kafka, postgres
    with temporary_directory() as d:
        a = Arena(d, 0.8, 12, profiles=Path(sys.argv[2]) if len(sys.argv) > 2 else None)
        if sys.argv[1] == "1":
            r = single.measure(a)
        else:
            with kafka(a) as k, postgres(a) as p:
                r = folding.measure(a, k, p)
        Console(width=140).print(render([r], title="x"))
        print(r.details)
