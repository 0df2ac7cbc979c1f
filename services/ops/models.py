"""Models on a running instance: listed, shown and ended over its HTTP API, as ops reads them."""

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.calling import Api
from services.commands.asking import confirm
from services.ops import display
from services.ops.activation_request import model_path
from shared.errors import Conflict, Refused

Json = Mapping[str, Any]

ADVICE: Final[Mapping[str, str]] = {
    "activation_under_way": "Run this command again then.",
    "model_retired": "`flipline activate MODEL --version N` revives it.",
    "model_unknown": "`flipline models list` shows the models.",
    "version_unknown": "No version of the model was activated yet.",
}
"""What to do about refusals of these commands, by code."""


async def show_list(api: Api, console: Console) -> None:
    """Print all models."""
    models = (await api("GET", "/v1/models")).body["items"]
    if not models:
        console.print("No models.")
        return
    shown = display.table("Models", "model", "state", "draft", numbers=["version"])
    for model in models:
        version = model["active_version"]
        shown.add_row(
            model["model"],
            _state(model),
            "yes" if model["has_draft"] else "",
            "" if version is None else str(version),
        )
    console.print(shown)


async def show(api: Api, model: str, console: Console) -> None:
    """Print a model, and its activations with their authors, the latest first."""
    details = (await api("GET", model_path(model))).body
    shown = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in (
        ("model", details["model"]),
        ("state", _state(details)),
        ("active version", details["active_version"]),
        ("draft", "yes" if details["has_draft"] else "no"),
        ("created at", _minute(details["created_at"])),
        ("retired by", details["retired_by"]),
        ("retired because", details["retired_note"]),
    ):
        if value is not None:
            shown.add_row(name, Text(display.printable(str(value))))
    console.print(shown)
    activations = (await api("GET", f"{model_path(model)}/activations")).body["items"]
    if not activations:
        return
    history = display.table("Activations", "activated at", "author", "handoff", "note", numbers=["version"])
    for activation in activations:
        cells = (
            _minute(activation["activated_at"]),
            activation["author"] or "",
            activation["handoff"],
            activation["note"] or "",
        )
        history.add_row(*(Text(display.printable(part)) for part in cells), str(activation["version"]))
    console.print(history)


def _minute(instant: str) -> str:
    """Return an instant of the API, which is in UTC, in readable form."""
    return f"{instant[:16].replace('T', ' ')} UTC"


def _state(model: Json) -> str:
    if model["activating"] is not None:
        return f"version {model['activating']} is being activated"
    if model["retired_at"] is not None:
        return f"retired at {_minute(model['retired_at'])}"
    return "never scored" if model["active_version"] is None else "scores"


def retire(
    api: Api, run: Any, model: str, parameters: Mapping[str, str], console: Console, *, yes: bool
) -> None:
    """End a model: remove it if it never scored, else retire it. Without `yes`, ask first.

    `run` runs a coroutine, so that Ctrl-C ends the question and not a loop behind it. Raises Refused when
    the answer is no, Conflict when the model was changed meanwhile.
    """
    seen = run(api("GET", model_path(model)))
    details = seen.body
    if details["retired_at"] is not None and details["activating"] is None:
        console.print(f"{model} is retired already, since {_minute(details['retired_at'])}.", highlight=False)
        return
    is_removed = details["active_version"] is None
    if is_removed:
        console.print(f"{model} never scored: it is removed, and its draft with it.", highlight=False)
    else:
        console.print(
            f"Version {details['active_version']} of {model} scores. Once it is retired, no profile is "
            "scored or handed over in it. Its history and leads stay, and pending webhooks are still sent.",
            highlight=False,
        )
    if not yes:
        confirm(f"{'Remove' if is_removed else 'Retire'} {model}?")
    try:
        run(api("DELETE", model_path(model), params=parameters, headers={"If-Match": seen.etag or "*"}))
    except Refused as error:
        if error.code != "model_changed":
            raise
        raise Conflict(
            "model_changed",
            f"Nothing was changed: another request has just changed {model}. Run this command again.",
        ) from error
    if is_removed:
        console.print(f"{model} is removed.", highlight=False)
        return
    console.print(f"{model} is retired.", highlight=False)
    back = f"To go back: flipline activate {model} --version {details['active_version']}"
    console.print(back, highlight=False, soft_wrap=True)
