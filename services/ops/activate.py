"""`flipline activate`: makes a matrix the active one, with a preview, a question, progress and a result."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console

from services.calling import Api
from services.commands.asking import confirm
from services.ops import display, drafting, handing_over
from services.ops.activation_request import ActivationRequest
from services.ops.client import ops_api
from services.ops.watching import watched
from shared.errors import Conflict, Refused
from shared.process.progress_bar import Progress

_PHASES: Final[Mapping[str, str]] = {
    "counting": "counting (identities)",
    "pricing": "pricing (profiles)",
}
_LISTS: Final = (
    ("would_flip", "Would flip", "newly_flipped"),
    ("would_un_flip", "Would no longer flip", "un_flipped"),
    ("biggest_movers", "Biggest movers", "moved"),
)
"""For each list in a preview or a flip-diff: its name, its title, and the name of its total."""


@dataclass(frozen=True)
class _Shown:
    """What the caller was shown: the active version, and the tag of the draft, None for a version."""

    active: int | None
    etag: str | None


def activate(request: ActivationRequest, *, url: str, key: str, console: Console) -> None:
    """Activate it on the instance at `url`, with the key of ops; prints the expected and the actual changes.

    Raises Refused when it is not activated, with the reason and what to do, and Unavailable or
    Misconfigured when the instance does not answer.
    """
    matrix = request.read_matrix()
    api = ops_api(url, key)
    # Several runs instead of one: no loop runs while the command asks, so Ctrl-C ends the question and not
    # a loop behind it.
    with asyncio.Runner() as runner:
        try:
            state = runner.run(drafting.look(api, request, matrix, console))
            if state.differs:
                drafting.ask_to_replace(request)
            if request.hands_over(state.active):
                runner.run(handing_over.show(api, request, console))
                handing_over.ask(request)
                runner.run(handing_over.hand_over_all(api, request, console))
                return
            shown = runner.run(_show(api, request, matrix, state, console))
            if not request.yes:
                confirm(
                    "Activate?",
                    unchanged="Nothing was activated",
                    no="." if request.version else ". The draft is unchanged.",
                    no_terminal="there is no terminal to ask on. Add --yes to activate what is shown.",
                )
            runner.run(_activate(api, request, shown, console))
        except Refused as error:
            if error.errors:
                console.print(display.complaints(error.errors))
            raise
        finally:
            runner.run(api.close())


async def _show(
    api: Api, request: ActivationRequest, matrix: bytes | None, state: drafting.ModelState, console: Console
) -> _Shown:
    """Show what would change, after storing the draft if there is one to store."""
    if request.version is not None:
        if request.version == state.active:
            raise Conflict(
                "version_active",
                f"Version {state.active} of {request.model} is active already. To hand over the "
                "profiles that qualify under it and are not leads, add --handoff all.",
            )
        await _show_difference(api, request, state.active, console)
        await _show_preview(
            api, request, f"versions/{request.version}", f"version {request.version}", console
        )
        return _Shown(state.active, None)
    if matrix is None and not state.has_draft:
        raise Refused(
            "draft_unknown",
            f"There is no draft of {request.model}. Give a draft with --matrix, or name an older version "
            "with --version.",
        )
    draft = await (
        api("GET", f"{request.path}/draft") if matrix is None else drafting.put(api, request, matrix, state)
    )
    warnings = draft.body["warnings"]
    if warnings:
        console.print(display.warnings(warnings))
    await _show_difference(api, request, state.active, console)
    await _show_preview(api, request, "draft", "the draft", console)
    # Again, since the tables printed since may have scrolled them away before the question.
    if alarms := display.alarms(warnings):
        console.print(alarms, soft_wrap=True)
    return _Shown(state.active, draft.etag)


async def _show_preview(api: Api, request: ActivationRequest, path: str, name: str, console: Console) -> None:
    with console.status("Computing the preview ..."):
        preview = (await api("POST", f"{request.path}/{path}/preview", patient=True)).body
    _show_flips(f"Preview: {preview['profiles']:,} profiles under {name}", preview, console)


async def _show_difference(
    api: Api, request: ActivationRequest, active: int | None, console: Console
) -> None:
    params = None if request.version is None else {"after": request.version}
    changes = (await api("GET", f"{request.path}/difference", params=params)).body["changes"]
    old = "nothing" if active is None else f"version {active}"
    new = "the draft" if request.version is None else f"version {request.version}"
    if changes:
        console.print(display.difference(f"{request.model}: from {old} to {new}", changes))
    else:
        console.print(f"There is no difference between {old} and {new} of {request.model}.", highlight=False)


def _show_flips(title: str, counts: Mapping[str, Any], console: Console) -> None:
    console.print(display.flips(title, counts))
    for name, words, total in _LISTS:
        if movers := counts.get(name):
            console.print(display.movers(words, movers, counts.get(total, len(movers))))


async def _activate(api: Api, request: ActivationRequest, shown: _Shown, console: Console) -> None:
    body = {name: getattr(request, name) for name in ("handoff", "version", "note", "author")}
    fields = {name: value for name, value in body.items() if value is not None}
    headers = {"If-Match": shown.etag} if shown.etag else {}
    posted = api("POST", f"{request.path}/activate", fields, headers=headers, patient=True)

    async def look(progress: Progress) -> None:
        # No activation is under way before or after.
        now = (await api("GET", f"{request.path}/activation")).body
        if phase := _PHASES.get(now["phase"]):
            progress.show(phase, now["done"], now["total"])

    try:
        activated = await watched(
            posted,
            look,
            console,
            interrupted=f"The activation goes on. GET {request.path}/activation shows its progress; DELETE "
            "ends it.",
            lost=f"GET {request.path}/activation shows whether the activation goes on. If it has stalled, "
            "run this command again to continue it.",
        )
    except Refused as error:
        if error.code != "draft_changed":
            raise
        raise Conflict(
            "draft_changed",
            "Nothing was activated: the draft has changed since it was shown. Run this command again.",
        ) from error
    diff = activated["flip_diff"]
    _show_flips(f"{request.model}: version {activated['version']} scores now", diff, console)
    for line in _next_steps(request, shown, activated["version"], diff):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _next_steps(
    request: ActivationRequest, shown: _Shown, version: int, diff: Mapping[str, Any]
) -> list[str]:
    lines: list[str] = []
    flipped = diff["newly_flipped"]
    if request.handoff == "all":
        lines.append(f"Next: GET /v1/leads?model={request.model} lists the leads that were handed over.")
    elif flipped and request.handoff == "new_activity_only":
        lines.append(
            f"Next: each of the {flipped:,} newly flipped profiles becomes a lead with its next interaction."
        )
    elif flipped:
        lines.append(f"Next: the {flipped:,} newly flipped profiles are kept back from sales.")
    else:
        lines.append("Next: each profile that reaches the flip number from now on becomes a lead.")
    kept_back = diff["kept_back"] + (flipped if request.handoff == "none" else 0)
    if kept_back and request.handoff != "all":
        lines.append(
            f"Kept back: GET /v1/profiles?model={request.model}&kept_back=true lists all {kept_back:,}; "
            f"flipline activate {request.model} --version {version} --handoff all hands them over."
        )
    if shown.active is not None:
        lines.append(f"To go back: flipline activate {request.model} --version {shown.active}")
    return lines
