"""The outcomes as a table."""

from collections.abc import Iterable

from rich.table import Table

from tests.torture.outcome import Outcome

_NUMBERS = (
    "sent",
    "repeated",
    "accepted",
    "in the ledger",
    "lost",
    "doubled",
    "leads expected",
    "leads delivered",
)


def render(outcomes: Iterable[Outcome]) -> Table:
    """Return one row for each outcome."""
    table = Table(title="Faults on real parts, and what became of what was accepted", title_justify="left")
    table.add_column("fault")
    for name in (*_NUMBERS, "readiness", "seconds"):
        table.add_column(name, justify="right")
    for outcome in outcomes:
        numbers = (
            outcome.sent,
            outcome.repeated,
            outcome.accepted,
            outcome.in_ledger,
            outcome.lost,
            outcome.doubled,
            outcome.leads_expected,
            outcome.leads_delivered,
        )
        readiness = {None: "-", True: "red", False: "green"}[outcome.red]
        table.add_row(
            f"[red]{outcome.fault}[/]" if outcome.complaints else outcome.fault,
            *(f"{number:,}" for number in numbers),
            readiness,
            f"{outcome.seconds:.0f}",
        )
    return table
