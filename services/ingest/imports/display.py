"""Says what of a file was imported before."""

from rich.console import Console

from services.ingest.imports.past import PastImport


def show_past(
    console: Console, name: str, before: PastImport | None, *, force: bool, older_form: bool
) -> None:
    """Say what of the file was imported before, and whether that is skipped or read again."""
    text = _text(before, force=force, older_form=older_form)
    if text:
        console.print(f"{printable(name)}: {text}", highlight=False, markup=False, soft_wrap=True)


def printable(name: str) -> str:
    """Return a file's name without characters that could steer the terminal."""
    return "".join(character if character.isprintable() else "?" for character in name)


def _text(before: PastImport | None, *, force: bool, older_form: bool) -> str | None:
    if before:
        when = f"imported before on {before.at:%Y-%m-%d} from {printable(before.name)}"
        lines = "1 line" if before.report.lines == 1 else f"{before.report.lines:,} lines"
        if force:
            return f"reading again {lines} {when}. The instance counts the same event once."
        return f"skipped: {lines} {when}. --force reads them again."
    if older_form:
        return (
            "an earlier version imported a file with the same first line, perhaps this file. All lines "
            "are read again. The instance counts the same event once."
        )
    return None
