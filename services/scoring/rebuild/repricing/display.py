"""Shows the result of a repricing."""

from rich.console import Console

from services.scoring.rebuild.repricing.anew import Repriced


def print_result(console: Console, found: Repriced, *, interrupted: bool = False) -> None:
    """Print the result."""
    leads = ", ".join(f"{number:,} in {model}" for model, number in sorted(found.leads.items()))
    lines = [
        f"Profiles priced: {found.profiles:,}. Scores that changed: {found.changed:,}.",
        f"New leads: {leads or 'none'}.",
    ]
    if interrupted:
        lines.append("Interrupted: what was priced is kept. Run it again for the others.")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
