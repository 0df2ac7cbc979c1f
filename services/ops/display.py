"""What an activation changes, as tables."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.table import Table
from rich.text import Text

Json = Mapping[str, Any]

_ALARM: Final = "bold red"
_NO_LEAD_PREFIX: Final = "no_lead_"
"""The codes of warnings that no profile becomes a lead begin like this."""

_FLIPS: Final[Mapping[str, str]] = {
    "newly_flipped": "newly flipped: reach the flip number and were never a lead",
    "un_flipped": "un-flipped: reached it, and no longer do",
    "already_handed_over": "already handed over: reach it and were a lead",
    "kept_back": "kept back: reach it, and an activation kept them from sales",
    "handed_over_now": "handed over now",
}

MAX_ROWS: Final = 10
"""This many rows of a list of profiles fit on a screen together with the question below them."""


def table(title: str, *columns: str, numbers: Sequence[str] = ()) -> Table:
    """Return an empty table with these columns, and after them those of `numbers`, aligned right."""
    shown = Table(title=Text(title), title_justify="left")
    for column in columns:
        shown.add_column(column)
    for column in numbers:
        shown.add_column(column, justify="right", no_wrap=True)
    return shown


def printable(text: str) -> str:
    """Return a text with control characters written out, so that foreign text cannot steer the terminal."""
    return "".join(
        char
        if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Zl", "Zp"}
        else ascii(char)[1:-1]
        for char in text
    )


def complaints(errors: Sequence[Json]) -> Table:
    """Return what is wrong with an input, field by field."""
    shown = table("What is wrong", "field", "why")
    for error in errors:
        shown.add_row(Text(error["field"] or "(the whole)"), Text(error["message"]))
    return shown


def warnings(found: Sequence[Json]) -> Table:
    """Return the warnings about a matrix; warnings that no profile becomes a lead are highlighted."""
    shown = table("Warnings about the draft", "field", "rule", "warning")
    for warning in found:
        style = _ALARM if is_alarm(warning) else ""
        shown.add_row(
            Text(warning["field"]), Text(warning["rule"] or ""), Text(warning["message"]), style=style
        )
    return shown


def alarms(found: Sequence[Json]) -> Text:
    """Return the warnings that no profile becomes a lead, one line each."""
    return Text("\n").join(
        Text(f"Warning: {warning['message']}.", style=_ALARM) for warning in found if is_alarm(warning)
    )


def is_alarm(warning: Json) -> bool:
    """Return whether a warning says that no profile becomes a lead."""
    return str(warning["code"]).startswith(_NO_LEAD_PREFIX)


def difference(title: str, changes: Sequence[Json]) -> Table:
    """Return the changes; changes that need no new counts are priced from the present counts."""
    shown = table(title, "what changes", "needs counting")
    for change in changes:
        shown.add_row(Text(change["text"]), "yes" if change["needs_counting"] else "")
    return shown


def flips(title: str, found: Json) -> Table:
    """Return how many profiles flip and un-flip, of a preview or of a flip-diff."""
    shown = table(title, "", numbers=["profiles"])
    for name, words in _FLIPS.items():
        if name in found:
            shown.add_row(words, f"{found[name]:,}")
    return shown


def movers(title: str, found: Sequence[Json], of: int) -> Table:
    """Return the table of the first MAX_ROWS of `found`, profiles with changed scores; there are `of` in all.

    Profiles are named by their strongest identity, if they have one, and their company.
    """
    rows = found[:MAX_ROWS]
    cut = f" ({len(rows):,} of {of:,})" if of > len(rows) else ""
    shown = table(f"{title}{cut}", "profile", "company", numbers=["before", "after", "change"])
    for profile in rows:
        before, after = profile["before"], profile["after"]
        shown.add_row(
            Text(_name(profile)),
            Text(profile.get("company") or ""),
            "none" if before is None else f"{before:.10g}",
            f"{after:.10g}",
            f"{after - (before or 0):+.10g}",
        )
    return shown


def _name(profile: Json) -> str:
    identity = profile.get("identity")
    return f"{identity['kind']} {identity['value']}" if identity else profile["profile_id"]
