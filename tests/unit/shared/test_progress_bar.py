"""The progress of long work, as it looks."""

import io
from contextlib import suppress

from rich.console import Console

from shared.process.progress_bar import Progress


def terminal() -> Console:
    return Console(file=io.StringIO(), width=160, force_terminal=True, color_system=None)


def printed(console: Console) -> str:
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def last_bars(console: Console, number: int) -> list[str]:
    """Return the bars as they are at the end."""
    return [line for line in printed(console).splitlines() if "━" in line][-number:]


def test_progress_is_a_line_every_ten_percent_without_a_terminal() -> None:
    console = Console(file=io.StringIO())
    with Progress(console) as progress:
        progress.step("copying")
        for done in (5, 10, 19, 50, 100):
            progress.show("[red]a.log", done, 100, f"{done * 20:,} lines")
        progress.show("pricing", 1_999, 2_000)
    assert printed(console).splitlines() == [
        "[red]a.log: 10 %, 200 lines",
        "[red]a.log: 50 %, 1,000 lines",
        "[red]a.log: 100 %, 2,000 lines",
        "pricing: 1,999 of 2,000",
    ]


def test_nothing_to_do_is_done() -> None:
    console = Console(file=io.StringIO())
    with Progress(console) as progress:
        progress.show("counting", 0, 0)
    assert printed(console) == "counting: 0 of 0\n"


def test_a_terminal_shows_a_full_bar_for_each_finished_phase() -> None:
    console = terminal()
    with Progress(console) as progress:
        progress.show("counting", 300, 1000)
        progress.show("pricing", 900, 800)
    counting, pricing = last_bars(console, 2)
    assert "counting" in counting
    assert "1,000 of 1,000" in counting
    assert "pricing" in pricing
    assert "800 of 800" in pricing


def test_a_step_before_the_first_phase_leaves_its_bar_to_it_and_later_ones_rename_it() -> None:
    console = terminal()
    with Progress(console) as progress:
        progress.step("copying")
        progress.show("reading", 10, 10, "3 messages")
        progress.step("comparing [leads]")
    (last,) = last_bars(console, 1)
    assert "100 %, 3 messages" in last
    assert "comparing [leads]" in last


def test_work_that_breaks_off_is_not_shown_as_done() -> None:
    console = terminal()
    with suppress(ConnectionError), Progress(console) as progress:
        progress.show("pricing", 300, 800)
        raise ConnectionError
    assert "300 of 800" in printed(console)
    assert "800 of 800" not in printed(console)
