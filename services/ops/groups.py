"""The groups of commands for ops against a running instance."""

import typer

from services.ops.commands import Connect, dead_letter_commands
from services.ops.model_commands import model_commands


def add_groups(app: typer.Typer, connect: Connect) -> None:
    """Give the command its groups; `connect` finds the instance and the key for each call."""
    app.add_typer(dead_letter_commands(connect), name="dead-letters")
    app.add_typer(model_commands(connect), name="models")
