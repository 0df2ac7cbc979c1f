"""Asks at the terminal before a command changes anything."""

import sys

import typer

from shared.errors import Refused


def confirm(
    question: str,
    *,
    unchanged: str = "Nothing was changed",
    no: str = ".",
    no_terminal: str = "there is no terminal to ask on. Add --yes.",
) -> None:
    """Ask; raises Refused when the answer is no, or when there is no terminal to ask on.

    The refusal begins with `unchanged` and ends with `no` or `no_terminal`.
    """
    if not sys.stdin.isatty():
        raise Refused("not_confirmed", f"{unchanged}: {no_terminal}")
    if not typer.confirm(question):
        raise Refused("not_confirmed", f"{unchanged}{no}")
