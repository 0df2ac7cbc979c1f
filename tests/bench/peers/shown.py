"""The rounds as a table, and what each side does that the other does not."""

from collections.abc import Callable, Sequence
from statistics import median

from rich.table import Table

from tests.bench.peers.course import Stretch
from tests.bench.peers.plan import WARM, Plan
from tests.bench.peers.rounds import OURS, ROCKSDB, SIDES, WITH_POSTGRES, Round

AIM = 1.2
NAMES = {
    OURS: "ours",
    ROCKSDB: "(a) Kafka Streams, RocksDB",
    WITH_POSTGRES: "(b) the same, scores in PostgreSQL too",
}
FIGURES = ("events/s", "seconds", "worker", "broker", "database", "sum", "ours / this")

OURS_ALONE = (
    "joins the identities of a person to one profile, with the evidence, and can part them again",
    "keeps every interaction in a ledger: it can take some back, explain a score, count other conditions",
    "keeps traits, the names that were seen, and who is due to be priced again",
    "tells of each change of stage, and of a lead with all that is known of the person",
    "prices any matrix: fading, windows, groups, traits, inactivity, grades, exclusions, several models",
    "commits all of that with its position on the log in one transaction, and answers requests from it",
)
PEER_ALONE = (
    "prices a profile after each event, so who falls back within one of our batches is a lead too",
    "writes every change of a profile to a changelog on the broker, from which another worker restores it",
    "commits every 100 ms in a transaction of Kafka; (b)'s rows are no part of it and come at least once",
    "takes the strongest identity for the person, and joins nobody",
)


def ratios(rounds: Sequence[Round], stretch: str, side: str) -> list[float]:
    """Return, for each round, the processor time of ours over that of a side, with broker and database."""
    return [
        measured.results[OURS].stretches[stretch].total / measured.results[side].stretches[stretch].total
        for measured in rounds
    ]


def is_met(rounds: Sequence[Round]) -> bool:
    """Return whether ours, warm, costs at most AIM times as much as the second variant."""
    return median(ratios(rounds, WARM, WITH_POSTGRES)) <= AIM


def render(rounds: Sequence[Round], plan: Plan) -> Table:
    """Return the table: medians of the rounds, and the median and range of their ratios."""
    table = Table(
        title="One fold, built three ways: wall time, and microseconds of processor time for an event"
        f" (medians; rounds: {len(rounds)})",
        title_justify="left",
    )
    for name in ("", *FIGURES, "aim"):
        table.add_column(name, justify="left" if name in {"", "aim"} else "right")
    for stretch in plan.stretches:
        table.add_section()
        table.add_row(f"[bold]{plan.heading(stretch)}[/]")
        for side in SIDES:
            table.add_row(*_row(rounds, stretch, side))
    return table


def _row(rounds: Sequence[Round], stretch: str, side: str) -> tuple[str, ...]:
    found = [measured.results[side].stretches[stretch] for measured in rounds]

    def middle(figure: Callable[[Stretch], float], digits: int = 0) -> str:
        return f"{median(map(figure, found)):,.{digits}f}"

    peak = max(measured.results[side].peak_mebibytes for measured in rounds)
    return (
        f"{NAMES[side]}, {peak:,.0f} MiB",
        middle(lambda measured: measured.rate),
        middle(lambda measured: measured.seconds, 1),
        middle(lambda measured: measured.microseconds.worker),
        middle(lambda measured: measured.microseconds.broker),
        middle(lambda measured: measured.microseconds.database),
        middle(lambda measured: measured.total),
        "" if side == OURS else _ratio(ratios(rounds, stretch, side)),
        _aim(rounds) if (side, stretch) == (WITH_POSTGRES, WARM) else "",
    )


def _ratio(found: Sequence[float]) -> str:
    return f"{median(found):.2f} ({min(found):.2f} to {max(found):.2f})"


def _aim(rounds: Sequence[Round]) -> str:
    return f"<= {AIM}  {'[green]met[/]' if is_met(rounds) else '[red]not yet[/]'}"


def agreement(rounds: Sequence[Round]) -> str:
    """Return a sentence about what was compared."""
    results = rounds[-1].results
    leads = ", ".join(f"{side} {len(results[side].outcome.leads):,}" for side in SIDES)
    return (
        f"In each round the sides gave all {len(results[OURS].outcome.scores):,} profiles the same scores."
        f" Leads of the last round: {leads}; those that ours has not fell back within a batch."
    )


def differences() -> str:
    """Return the lists of what only one of the sides does."""
    parts = {"Ours alone": OURS_ALONE, "The peers alone": PEER_ALONE}
    return "\n".join("\n".join((name, *(f"  {line}" for line in lines))) for name, lines in parts.items())
