"""`python -m tests.torture`: inject faults into a Flipline at work, and print what became of the events."""

import asyncio
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from itertools import chain

from rich.console import Console
from rich.markup import escape

from shared.process.telemetry import configure_logging
from tests.support.faults.missing import Missing
from tests.torture.enduring import endure
from tests.torture.fault import Fault
from tests.torture.faults import FAULTS
from tests.torture.ground import OwnGround
from tests.torture.outcome import Outcome
from tests.torture.table import render

WIDTH = 150
EVENTS = 400


class Options(Namespace):
    """The command line."""

    fault: list[list[Fault]]
    scale: float
    rounds: int
    seed: int


def _options() -> Options:
    parser = ArgumentParser(prog="python -m tests.torture", description=__doc__)
    names = "; ".join(fault.name for fault in FAULTS)
    parser.add_argument(
        "--fault",
        type=_named,
        nargs="+",
        default=[FAULTS],
        metavar="NAME",
        help=f"those whose names begin so: {names}",
    )
    parser.add_argument(
        "--scale", type=_positive, default=1.0, help=f"times {EVENTS} events a round (%(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=1, help="times that a fault befalls it (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the crowd (%(default)s)")
    return parser.parse_args(namespace=Options())


def _named(text: str) -> list[Fault]:
    found = [fault for fault in FAULTS if _slug(fault.name).startswith(_slug(text))]
    if not found:
        raise ArgumentTypeError(f"no fault is called {text}")
    return found


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")


def _positive(text: str) -> float:
    if not (scale := float(text)) > 0:
        raise ArgumentTypeError("the scale is a number above 0")
    return scale


async def _torture(options: Options, console: Console) -> tuple[list[Outcome], list[str]]:
    """Return the outcomes, and the names of the faults that did not end."""
    outcomes: list[Outcome] = []
    broken: list[str] = []
    with OwnGround.laid() as ground:
        for fault in chain(*options.fault):
            console.print(f"{fault.name} ...")
            events = int(EVENTS * options.scale)
            try:
                outcome = await endure(fault, ground, events=events, rounds=options.rounds, seed=options.seed)
            except Missing as missing:
                console.print(f"  left out: {escape(str(missing))}")
                continue
            except Exception:  # noqa: BLE001 - the other faults are injected all the same
                console.print_exception()
                broken.append(fault.name)
                continue
            outcomes.append(outcome)
            for complaint in outcome.complaints:
                console.print(f"  [red]{escape(complaint)}[/]", soft_wrap=True)
    return outcomes, broken


def main() -> int:
    """Carry out the command line; the exit code is 1 if an outcome was wrong or a fault did not end."""
    options = _options()
    configure_logging("error", console=False)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    outcomes, broken = asyncio.run(_torture(options, console))
    console.print(render(outcomes))
    for name in broken:
        console.print(f"[red]{name}: came to no end[/]")
    return int(bool(broken) or any(outcome.complaints for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
