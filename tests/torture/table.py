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
    for one in outcomes:
        numbers = (
            one.sent,
            one.repeated,
            one.accepted,
            one.in_ledger,
            one.lost,
            one.doubled,
            one.leads_expected,
            one.leads_delivered,
        )
        readiness = {None: "-", True: "red", False: "green"}[one.red]
        table.add_row(
            f"[red]{one.fault}[/]" if one.complaints else one.fault,
            *(f"{number:,}" for number in numbers),
            readiness,
            f"{one.seconds:.0f}",
        )
    return table
