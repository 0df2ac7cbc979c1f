"""The report of a check, for ops: ids and numbers, never personal data."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from services.scoring.core.fold import RENEW
from services.scoring.rebuild import dead_letters
from services.scoring.rebuild.compare import MAX_SHOWN, Compared, Difference
from services.scoring.rebuild.rebuild import RebuildCounters, some
from shared.database.dead_letters import OpenLetters

_PARKED: Final = (
    "have no effect yet. `flipline dead-letters list` shows why; once the cause is mended, "
    "`flipline dead-letters replay` puts them on the log again."
)
_SAME: Final = "Nothing differs: the tables are what the log says."
_ADVICE: Final = (
    "Nothing was changed. Was anything written to them but by Flipline, or FLIPLINE_IDENTITY_LIMITS changed "
    "since? If not, it is a fault of Flipline's: keep a copy of the database and of the log, and report it "
    "with these lines."
)


def table(compared: Sequence[Compared]) -> Table:
    """Return the closing table."""
    shown = Table(
        "table", "rows live", "rows rebuilt", "differ", title="Replay of the log", title_justify="left"
    )
    for column in shown.columns[1:]:
        column.justify = "right"
    for result in compared:
        shown.add_row(result.table, f"{result.live:,}", f"{result.rebuilt:,}", f"{result.differ:,}")
    return shown


def print_other_fold(console: Console, why: str) -> bool:
    """Print why the tables differ from the log and how to renew them; return False."""
    message = f"{why} They are not compared with the log. {RENEW}"
    console.print(message, highlight=False, markup=False, soft_wrap=True)
    return False


def print_result(
    console: Console, counters: RebuildCounters, compared: Sequence[Compared], letters: Sequence[OpenLetters]
) -> bool:
    """Print the result and return whether the tables agree with the log and nothing is parked."""
    console.print(table(compared))
    if letters:
        console.print(dead_letters.table(letters))
    lines = list(_notes(counters, compared))
    differences = [difference for result in compared for difference in result.differences]
    lines += [_line(difference) for difference in differences[:MAX_SHOWN]]
    same = not any(result.differ for result in compared) and not counters.failed and not counters.missing
    differ = sum(result.differ for result in compared)
    lines.append(
        _SAME if same else f"The tables are not what the log says: {differ:,} rows differ. {_ADVICE}"
    )
    if parked := dead_letters.count_parked(letters):
        lines.append(f"Messages that consumer groups have parked: {parked:,}. They {_PARKED}")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return same and not parked


def _notes(counters: RebuildCounters, compared: Sequence[Compared]) -> Iterator[str]:
    """Yield what was left out of the comparison, and what the log lacks."""
    yield f"Messages taken in again: {counters.applied:,}."
    if counters.ahead:
        yield f"Messages not yet read by scoring, left out: {counters.ahead:,}."
    if counters.without_identity:
        number = counters.without_identity
        yield f"Messages without a valid identity under the present rules: {number:,}."
    if counters.parked:
        yield f"Dead letters of scoring, left out: {counters.parked:,}."
    if due := sum(result.due for result in compared):
        yield f"Scores that are to be priced again by the timer, not compared: {due:,}."
    if counters.old_links:
        yield (
            f"Links from before their evidence was kept: {counters.old_links:,}; "
            "the log has evidence for each."
        )
    if counters.too_many_names:
        yield f"Too many names came to keep them all, not compared: {', '.join(counters.too_many_names)}."
    if counters.failed:
        yield (
            f"Messages that could not be taken in again: {len(counters.failed):,} ({some(counters.failed)})."
        )
    if counters.missing:
        yield (
            f"The log has less than scoring has read of {some(counters.missing)}: was it cut off or replaced?"
        )


def _line(difference: Difference) -> str:
    key = " ".join(map(str, difference.key))
    return f"{difference.table} {key}: live {_side(difference.live)} / rebuilt {_side(difference.rebuilt)}"


def _side(values: Mapping[str, str] | None) -> str:
    if values is None:
        return "has no such row"
    return ", ".join(f"{name}={value}" for name, value in values.items())
