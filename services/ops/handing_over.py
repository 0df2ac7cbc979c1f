"""Hands over profiles that qualify under the active version and are not leads: all, or some by id."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from services.calling import Api
from services.commands.asking import confirm
from services.ops import display
from services.ops.activation_request import ActivationRequest, model_path
from services.ops.watching import watched
from shared.errors import Refused
from shared.process.progress_bar import Progress

MAX_IDS: Final = 1_000
MAX_SHOWN: Final = 50

Json = Mapping[str, Any]


async def show(api: Api, request: ActivationRequest, console: Console) -> None:
    """Show how many profiles would be handed over, without changing anything."""
    with console.status("Computing the preview ..."):
        preview = (await api("POST", f"{request.path}/versions/{request.version}/preview", patient=True)).body
    title = f"{request.model}: version {request.version} is active; {preview['profiles']:,} profiles under it"
    console.print(display.flips(title, preview))
    number = preview["newly_flipped"] + preview["kept_back"]
    console.print(f"To be handed over: {number:,}. No version is activated.", highlight=False)


def ask(request: ActivationRequest) -> None:
    """Ask whether to hand them over; raises Refused when not, or without a terminal."""
    if not request.yes:
        confirm(
            "Hand these profiles over?",
            unchanged="No profile was handed over",
            no_terminal="there is no terminal to ask on. Add --yes to hand over these profiles.",
        )


async def hand_over_all(api: Api, request: ActivationRequest, console: Console) -> None:
    """Hand over all profiles that qualify and are not leads; shows the progress and finally the result."""
    body = {"version": request.version, "handoff": "all", "note": request.note, "author": request.author}
    fields = {name: value for name, value in body.items() if value is not None}
    before = await _latest(api, request)
    posted = api("POST", f"{request.path}/activate", fields, patient=True)

    async def look(progress: Progress) -> None:
        now = await _latest(api, request)
        if now and now["id"] != (before or {}).get("id"):
            progress.show("handing over (profiles)", now["done"], now["total"])

    done = await watched(
        posted,
        look,
        console,
        interrupted=f"The hand-over goes on. GET {request.path}/handoffs shows its progress.",
        lost="Run this command again for the rest; it hands no profile over twice.",
    )
    diff = done["flip_diff"]
    console.print(display.flips(f"{request.model}: handed over under version {request.version}", diff))
    console.print(
        f"Next: GET /v1/leads?model={request.model} lists the leads that were handed over.", highlight=False
    )


async def _latest(api: Api, request: ActivationRequest) -> Json | None:
    items = (await api("GET", f"{request.path}/handoffs", params={"limit": 1})).body["items"]
    return items[0] if items else None


async def hand_over_named(
    api: Api, model: str, profile_ids: Sequence[str], fields: Mapping[str, str], console: Console
) -> None:
    """Hand over the profiles with these ids that were kept back, and show the result for each profile.

    Raises Refused when none of them was handed over, now or before.
    """
    results: list[Json] = []
    for start in range(0, len(profile_ids), MAX_IDS):
        body = {"profiles": list(profile_ids[start : start + MAX_IDS]), **fields}
        answer = await api("POST", f"{model_path(model)}/handoff", body, patient=True)
        results += answer.body["results"]
    shown = display.table(f"{model}: handed over", "profile", "result", "lead or reason")
    shown.columns[0].overflow = "fold"
    for result in results[:MAX_SHOWN]:
        words = result["status"].replace("_", " ")
        shown.add_row(Text(display.printable(result["id"])), words, result["lead_id"] or result["message"])
    console.print(shown)
    if len(results) > MAX_SHOWN:
        console.print(f"Shown are the first {MAX_SHOWN} of {len(results):,}.", highlight=False)
    number = Counter(result["status"] for result in results)
    parts = (f"{name.replace('_', ' ')}: {times:,}" for name, times in sorted(number.items()))
    console.print("; ".join(parts), highlight=False)
    if not number["handed_over"] and not number["already_handed_over"]:
        raise Refused("nobody_handed_over", "No profile was handed over. The table shows the reasons.")
