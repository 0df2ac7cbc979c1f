"""`flipline activate`: makes a matrix the active one, with a preview, a question, progress and a result."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console

from services.commands.asking import confirm
from services.ops import display, drafting, handing_over
from services.ops.client import Api
from services.ops.wanted import Wanted
from services.ops.watching import watched
from shared.errors import Conflict, Refused

_LISTS: Final = (
    ("would_flip", "Would flip", "newly_flipped"),
    ("would_un_flip", "Would flip no more", "un_flipped"),
    ("biggest_movers", "Biggest movers", "moved"),
)
"""For each list in a preview or a flip-diff: its name, its title, and the name of its total."""


@dataclass(frozen=True)
class _Seen:
    """What the caller was shown: the active version, and the tag of the draft, None for a version."""

    active: int | None
    etag: str | None


def activate(wanted: Wanted, *, url: str, key: str, console: Console) -> None:
    """Activate it on the instance at `url`, with the key of ops; prints the expected and the actual changes.

    Raises Refused when it is not activated, with the reason and what to do, and Unavailable or
    Misconfigured when the instance does not answer.
    """
    matrix = wanted.read_matrix()
    api = Api(url, key)
    # Several runs instead of one: no loop runs while the command asks, so Ctrl-C ends the question and not
    # a loop behind it.
    with asyncio.Runner() as runner:
        try:
            found = runner.run(drafting.look(api, wanted, matrix, console))
            if found.another:
                drafting.ask_to_replace(wanted)
            if wanted.hands_over(found.active):
                runner.run(handing_over.show(api, wanted, console))
                handing_over.ask(wanted)
                runner.run(handing_over.everybody(api, wanted, console))
                return
            seen = runner.run(_show(api, wanted, matrix, found, console))
            if not wanted.yes:
                confirm(
                    "Activate?",
                    unchanged="Nothing was activated",
                    no="." if wanted.version else ". The draft is kept.",
                    no_terminal="there is no terminal to ask on. Add --yes to activate what is shown.",
                )
            runner.run(_activate(api, wanted, seen, console))
        except Refused as error:
            if error.errors:
                console.print(display.complaints(error.errors))
            raise
        finally:
            runner.run(api.close())


async def _show(
    api: Api, wanted: Wanted, matrix: bytes | None, found: drafting.Found, console: Console
) -> _Seen:
    """Show what would change, after storing the draft if there is one to store."""
    if wanted.version is not None:
        if wanted.version == found.active:
            raise Conflict(
                "version_active",
                f"Version {found.active} of {wanted.model} scores already. With --handoff all, whoever "
                "qualifies under it and is no lead is handed over.",
            )
        await _show_difference(api, wanted, found.active, console)
        await _show_preview(api, wanted, f"versions/{wanted.version}", f"version {wanted.version}", console)
        return _Seen(found.active, None)
    if matrix is None and not found.has_draft:
        raise Refused(
            "draft_unknown",
            f"There is no draft of {wanted.model}. Give one with --matrix, or name an older version with "
            "--version.",
        )
    draft = await (
        api("GET", f"{wanted.path}/draft") if matrix is None else drafting.put(api, wanted, matrix, found)
    )
    odd = draft.body["warnings"]
    if odd:
        console.print(display.warnings(odd))
    await _show_difference(api, wanted, found.active, console)
    await _show_preview(api, wanted, "draft", "the draft", console)
    # Again, since the tables printed since may have scrolled them away before the question.
    if alarms := display.alarms(odd):
        console.print(alarms, soft_wrap=True)
    return _Seen(found.active, draft.etag)


async def _show_preview(api: Api, wanted: Wanted, path: str, name: str, console: Console) -> None:
    with console.status("Working out whom it would flip ..."):
        preview = (await api("POST", f"{wanted.path}/{path}/preview", patient=True)).body
    _show_flips(f"Preview: {preview['profiles']:,} profiles under {name}", preview, console)


async def _show_difference(api: Api, wanted: Wanted, active: int | None, console: Console) -> None:
    params = None if wanted.version is None else {"after": wanted.version}
    changes = (await api("GET", f"{wanted.path}/difference", params=params)).body["changes"]
    old = "nothing" if active is None else f"version {active}"
    new = "the draft" if wanted.version is None else f"version {wanted.version}"
    if changes:
        console.print(display.difference(f"{wanted.model}: from {old} to {new}", changes))
    else:
        console.print(f"Nothing differs between {old} and {new} of {wanted.model}.", highlight=False)


def _show_flips(title: str, found: Mapping[str, Any], console: Console) -> None:
    console.print(display.flips(title, found))
    for name, words, total in _LISTS:
        if movers := found.get(name):
            console.print(display.movers(words, movers, found.get(total, len(movers))))


async def _activate(api: Api, wanted: Wanted, seen: _Seen, console: Console) -> None:
    body = {name: getattr(wanted, name) for name in ("handoff", "version", "note", "author")}
    given = {name: value for name, value in body.items() if value is not None}
    headers = {"If-Match": seen.etag} if seen.etag else {}
    posted = api("POST", f"{wanted.path}/activate", given, headers=headers, patient=True)

    async def look(preparing: display.Preparing) -> None:
        # No activation is under way before or after.
        now = (await api("GET", f"{wanted.path}/activation")).body
        preparing.show(now["phase"], now["done"], now["total"])

    try:
        activated = await watched(
            posted,
            look,
            console,
            interrupted=f"The instance goes on with it. GET {wanted.path}/activation tells how far; DELETE "
            "gives it up.",
            lost=f"GET {wanted.path}/activation tells whether it is going on. If it has stalled, run this "
            "again: it goes on where it was.",
        )
    except Refused as error:
        if error.code != "draft_changed":
            raise
        raise Conflict(
            "draft_changed",
            "Nothing was activated: somebody has changed the draft since it was shown. Run this again.",
        ) from error
    diff = activated["flip_diff"]
    _show_flips(f"{wanted.model}: version {activated['version']} scores now", diff, console)
    for line in _next_steps(wanted, seen, activated["version"], diff):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _next_steps(wanted: Wanted, seen: _Seen, version: int, diff: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    flipped = diff["newly_flipped"]
    if wanted.handoff == "all":
        lines.append(f"Next: GET /v1/leads?model={wanted.model} lists the leads that sales has got.")
    elif flipped and wanted.handoff == "new_activity_only":
        lines.append(
            f"Next: each of the {flipped:,} newly flipped becomes a lead with the next thing they do."
        )
    elif flipped:
        lines.append(f"Next: the {flipped:,} newly flipped are kept from sales.")
    else:
        lines.append("Next: whoever reaches the flip number from now on becomes a lead.")
    kept_back = diff["kept_back"] + (flipped if wanted.handoff == "none" else 0)
    if kept_back and wanted.handoff != "all":
        lines.append(
            f"Kept back: GET /v1/profiles?model={wanted.model}&kept_back=true lists all {kept_back:,}; "
            f"flipline activate {wanted.model} --version {version} --handoff all hands them over."
        )
    if seen.active is not None:
        lines.append(f"Back: flipline activate {wanted.model} --version {seen.active}")
    return lines
