"""`flipline activate`: a matrix becomes the one that scores; seen before, confirmed, watched, told after."""

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote

import typer
from rich.console import Console

from services.ops import display
from services.ops.client import CONNECTION_LOST, Api
from shared.errors import Conflict, FliplineError, Refused, TooLarge, Unavailable
from shared.middleware import MAX_BODY_BYTES

Handoff = Literal["new_activity_only", "all", "none"]

LOOK_AGAIN_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Wanted:
    """What to activate: an older `version`, or the draft, which `matrix` (a file of JSON) replaces before.

    `handoff` is what becomes of those who flip only by it; without `yes` somebody at a terminal is asked.
    """

    model: str
    matrix: Path | None = None
    version: int | None = None
    handoff: Handoff = "new_activity_only"
    note: str | None = None
    author: str | None = None
    yes: bool = False

    @property
    def path(self) -> str:
        """The path of the model in the API."""
        return f"/v1/models/{quote(self.model, safe='')}"


@dataclass(frozen=True)
class _Seen:
    """What the caller was shown: the version that scores, and the tag of the draft, None for a version."""

    active: int | None
    etag: str | None


def activate(wanted: Wanted, *, url: str, key: str, console: Console) -> None:
    """Activate it on the instance at `url`, with the key of ops; prints what would change and what has.

    Raises Refused when it is not activated, with the reason and what to do, and Unavailable or Misconfigured
    when the instance cannot be asked.
    """
    matrix = _read(wanted)
    api = Api(url, key)
    # Not one run for all: while somebody is asked, Ctrl-C is to end the question, and not a loop behind it.
    with asyncio.Runner() as runner:
        try:
            seen = runner.run(_look(api, wanted, matrix, console))
            _ask(wanted)
            runner.run(_activate(api, wanted, seen, console))
        except Refused as error:
            if error.errors:
                console.print(display.complaints(error.errors))
            raise
        finally:
            runner.run(api.close())


def _read(wanted: Wanted) -> bytes | None:
    """Return the bytes of the file that is to be the draft; what matrix it is the instance judges."""
    if wanted.matrix is None:
        return None
    if wanted.version is not None:
        raise Refused("matrix_or_version", "Give --matrix or --version: a version has its matrix already.")
    with wanted.matrix.open("rb") as file:
        data = file.read(MAX_BODY_BYTES + 1)
    if len(data) > MAX_BODY_BYTES:
        raise TooLarge(
            "file_too_large", f"{wanted.matrix} is no matrix: it has over {MAX_BODY_BYTES:,} bytes."
        )
    try:
        document = json.loads(data)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        told = f"{wanted.matrix} is no matrix in JSON: {error.msg} ({where})."
        raise Refused("file_no_json", told) from error
    except (ValueError, RecursionError) as error:
        raise Refused("file_no_json", f"{wanted.matrix} is no JSON that can be read: {error}.") from error
    if not isinstance(document, dict):
        raise Refused("file_no_object", f"{wanted.matrix} is no matrix: a matrix is an object of JSON.")
    return data


async def _look(api: Api, wanted: Wanted, matrix: bytes | None, console: Console) -> _Seen:
    """Show what would change, having put the draft when there is one to put."""
    models = (await api("GET", "/v1/models")).body["items"]
    model: Mapping[str, Any] = next((one for one in models if one["model"] == wanted.model), {})
    active: int | None = model.get("active_version")
    if wanted.version is not None:
        if wanted.version == active:
            raise Conflict("version_active", f"Version {active} of {wanted.model} scores already.")
        await _show_difference(api, wanted, active, console)
        console.print("There is no preview of an older version; what it changes is told when it scores.")
        return _Seen(active, None)
    if matrix is None and not model.get("has_draft"):
        raise Refused(
            "draft_missing",
            f"There is no draft of {wanted.model}. Give one with --matrix, or name an older version with "
            "--version.",
        )
    draft = await (
        api("GET", f"{wanted.path}/draft") if matrix is None else api("PUT", f"{wanted.path}/draft", matrix)
    )
    if found := draft.body["warnings"]:
        console.print(display.warnings(found))
    await _show_difference(api, wanted, active, console)
    with console.status("Working out whom it would flip ..."):
        preview = (await api("POST", f"{wanted.path}/draft/preview", patient=True)).body
    _show_flips(f"Preview: {preview['profiles']:,} profiles under the draft", preview, console)
    return _Seen(active, draft.etag)


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
    if found["biggest_movers"]:
        console.print(display.movers(found["biggest_movers"]))


def _ask(wanted: Wanted) -> None:
    if wanted.yes:
        return
    if not sys.stdin.isatty():
        raise Refused(
            "not_confirmed",
            "Nothing was activated: there is no terminal to ask on. Add --yes to activate what is shown.",
        )
    if not typer.confirm("Activate?"):
        kept = "" if wanted.version else " The draft is kept."
        raise Refused("not_confirmed", f"Nothing was activated.{kept}")


async def _activate(api: Api, wanted: Wanted, seen: _Seen, console: Console) -> None:
    if seen.etag is not None and (await api("GET", f"{wanted.path}/draft")).etag != seen.etag:
        raise Conflict(
            "draft_changed",
            "Nothing was activated: somebody has changed the draft since it was shown. Run this again.",
        )
    order = {name: getattr(wanted, name) for name in ("handoff", "version", "note", "author")}
    given = {name: value for name, value in order.items() if value is not None}
    posted = asyncio.create_task(api("POST", f"{wanted.path}/activate", given, patient=True))
    try:
        with display.Preparing(console) as preparing:
            while not (await asyncio.wait({posted}, timeout=LOOK_AGAIN_SECONDS))[0]:
                # None is under way before and after; whatever else it is, the activation's own answer tells.
                with suppress(FliplineError):
                    now = (await api("GET", f"{wanted.path}/activation")).body
                    preparing.show(now["phase"], now["done"], now["total"])
            activated = (await posted).body
    except asyncio.CancelledError:
        console.print(
            f"The instance goes on with it. GET {wanted.path}/activation tells how far; DELETE gives it up.",
            highlight=False,
        )
        raise
    except Unavailable as error:
        if error.code != CONNECTION_LOST:
            raise
        told = (
            f"{error.message} GET {wanted.path}/activation tells whether it is going on. If it has stalled, "
            "run this again: it goes on where it was."
        )
        raise Unavailable(error.code, told) from error
    finally:
        posted.cancel()
    diff = activated["flip_diff"]
    _show_flips(f"{wanted.model}: version {activated['version']} scores now", diff, console)
    for line in _next_steps(wanted, seen, diff):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _next_steps(wanted: Wanted, seen: _Seen, diff: Mapping[str, Any]) -> list[str]:
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
            f"Kept back: GET /v1/profiles?model={wanted.model}&kept_back=true lists all {kept_back:,}; an "
            "activation with --handoff all hands them over."
        )
    if seen.active is not None:
        lines.append(f"Back: flipline activate {wanted.model} --version {seen.active}")
    return lines
