"""Models on a running instance: listed, shown and ended over its HTTP API, as ops reads them."""

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.commands.asking import confirm
from services.ops import display
from services.ops.client import Api
from services.ops.wanted import model_path
from shared.errors import Conflict, Refused

Json = Mapping[str, Any]

ADVICE: Final[Mapping[str, str]] = {
    "activation_under_way": "Then run this again.",
    "model_retired": "`flipline activate MODEL --version N` revives it.",
    "model_unknown": "`flipline models list` shows those that there are.",
    "version_unknown": "Nothing of it was activated yet.",
}
"""What to do about refusals of these commands, by code."""


async def show_list(api: Api, console: Console) -> None:
    """Print all models."""
    models = (await api("GET", "/v1/models")).body["items"]
    if not models:
        console.print("No models.")
        return
    shown = display.table("Models", "model", "state", "draft", numbers=["version"])
    for one in models:
        version = one["active_version"]
        shown.add_row(
            one["model"],
            _state(one),
            "yes" if one["has_draft"] else "",
            "" if version is None else str(version),
        )
    console.print(shown)


async def show(api: Api, model: str, console: Console) -> None:
    """Print a model, and its activations with their authors, the latest first."""
    found = (await api("GET", model_path(model))).body
    shown = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in (
        ("model", found["model"]),
        ("state", _state(found)),
        ("active version", found["active_version"]),
        ("draft", "yes" if found["has_draft"] else "no"),
        ("created at", _minute(found["created_at"])),
        ("retired by", found["retired_by"]),
        ("retired because", found["retired_note"]),
    ):
        if value is not None:
            shown.add_row(name, Text(display.printable(str(value))))
    console.print(shown)
    activations = (await api("GET", f"{model_path(model)}/activations")).body["items"]
    if not activations:
        return
    history = display.table("Activations", "activated at", "author", "handoff", "note", numbers=["version"])
    for one in activations:
        told = (_minute(one["activated_at"]), one["author"] or "", one["handoff"], one["note"] or "")
        history.add_row(*(Text(display.printable(part)) for part in told), str(one["version"]))
    console.print(history)


def _minute(instant: str) -> str:
    """Return an instant of the API, which is in UTC, in readable form."""
    return f"{instant[:16].replace('T', ' ')} UTC"


def _state(one: Json) -> str:
    if one["activating"] is not None:
        return f"version {one['activating']} is being activated"
    if one["retired_at"] is not None:
        return f"retired at {_minute(one['retired_at'])}"
    return "never scored" if one["active_version"] is None else "scores"


def retire(api: Api, run: Any, model: str, given: Mapping[str, str], console: Console, *, yes: bool) -> None:
    """End a model: one that never scored is removed, any other is retired; asks first unless `yes`.

    `run` runs a coroutine, so that Ctrl-C ends the question and not a loop behind it. Raises Refused when
    the answer is no, Conflict when somebody changed the model meanwhile.
    """
    seen = run(api("GET", model_path(model)))
    found = seen.body
    if found["retired_at"] is not None and found["activating"] is None:
        console.print(f"{model} is retired already, since {_minute(found['retired_at'])}.", highlight=False)
        return
    goes = found["active_version"] is None
    if goes:
        console.print(f"{model} never scored: it is removed, and its draft with it.", highlight=False)
    else:
        console.print(
            f"Version {found['active_version']} of {model} scores. Once it is retired, nobody is scored or "
            "handed over in it. Its history and its leads stay, and what subscribers are owed is delivered.",
            highlight=False,
        )
    if not yes:
        confirm(f"{'Remove' if goes else 'Retire'} {model}?")
    try:
        run(api("DELETE", model_path(model), params=given, headers={"If-Match": seen.etag or "*"}))
    except Refused as error:
        if error.code != "model_changed":
            raise
        raise Conflict(
            "model_changed", f"Nothing was changed: somebody has just changed {model}. Run this again."
        ) from error
    if goes:
        console.print(f"{model} is removed.", highlight=False)
        return
    console.print(f"{model} is retired.", highlight=False)
    back = f"Back: flipline activate {model} --version {found['active_version']}"
    console.print(back, highlight=False, soft_wrap=True)
