"""Hands over profiles that qualify under the active version and are not leads: all, or some by id."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from services.commands.asking import confirm
from services.ops import display
from services.ops.client import Api
from services.ops.wanted import Wanted, model_path
from services.ops.watching import watched
from shared.errors import Refused

MAX_IDS: Final = 1_000
MAX_SHOWN: Final = 50

Json = Mapping[str, Any]


async def show(api: Api, wanted: Wanted, console: Console) -> None:
    """Show how many profiles would be handed over, without changing anything."""
    with console.status("Working out whom it would hand over ..."):
        preview = (await api("POST", f"{wanted.path}/versions/{wanted.version}/preview", patient=True)).body
    title = (
        f"{wanted.model}: version {wanted.version} scores already; {preview['profiles']:,} profiles under it"
    )
    console.print(display.flips(title, preview))
    number = preview["newly_flipped"] + preview["kept_back"]
    console.print(f"To be handed over: {number:,}. No version is activated.", highlight=False)


def ask(wanted: Wanted) -> None:
    """Ask whether to hand them over; raises Refused when not, or without a terminal."""
    if not wanted.yes:
        confirm(
            "Hand them over?",
            unchanged="Nobody was handed over",
            no_terminal="there is no terminal to ask on. Add --yes to hand over those shown.",
        )


async def everybody(api: Api, wanted: Wanted, console: Console) -> None:
    """Hand over all profiles that qualify and are not leads; shows the progress and finally the result."""
    body = {"version": wanted.version, "handoff": "all", "note": wanted.note, "author": wanted.author}
    given = {name: value for name, value in body.items() if value is not None}
    before = await _latest(api, wanted)
    posted = api("POST", f"{wanted.path}/activate", given, patient=True)

    async def look(bar: display.Preparing) -> None:
        now = await _latest(api, wanted)
        if now and now["id"] != (before or {}).get("id"):
            bar.show("handing_over", now["done"], now["total"])

    done = await watched(
        posted,
        look,
        console,
        interrupted=f"The instance goes on with it. GET {wanted.path}/handoffs tells how far it has come.",
        lost="Run this again: it does the rest, and hands nobody over twice.",
    )
    diff = done["flip_diff"]
    console.print(display.flips(f"{wanted.model}: handed over under version {wanted.version}", diff))
    console.print(
        f"Next: GET /v1/leads?model={wanted.model} lists the leads that sales has got.", highlight=False
    )


async def _latest(api: Api, wanted: Wanted) -> Json | None:
    items = (await api("GET", f"{wanted.path}/handoffs", params={"limit": 1})).body["items"]
    return items[0] if items else None


async def named(
    api: Api, model: str, profile_ids: Sequence[str], given: Mapping[str, str], console: Console
) -> None:
    """Hand over the profiles with these ids that were kept back, and show the result for each profile.

    Raises Refused when none of them was handed over, now or before.
    """
    results: list[Json] = []
    for start in range(0, len(profile_ids), MAX_IDS):
        body = {"profiles": list(profile_ids[start : start + MAX_IDS]), **given}
        answer = await api("POST", f"{model_path(model)}/handoff", body, patient=True)
        results += answer.body["results"]
    shown = display.table(f"{model}: handed over", "profile", "what became of it", "lead, or why not")
    shown.columns[0].overflow = "fold"
    for one in results[:MAX_SHOWN]:
        words = one["status"].replace("_", " ")
        shown.add_row(Text(display.printable(one["id"])), words, one["lead_id"] or one["message"])
    console.print(shown)
    if len(results) > MAX_SHOWN:
        console.print(f"Shown are the first {MAX_SHOWN} of {len(results):,}.", highlight=False)
    number = Counter(one["status"] for one in results)
    parts = (f"{name.replace('_', ' ')}: {times:,}" for name, times in sorted(number.items()))
    console.print("; ".join(parts), highlight=False)
    if not number["handed_over"] and not number["already_handed_over"]:
        raise Refused("nobody_handed_over", "Nobody was handed over; the table tells why.")
