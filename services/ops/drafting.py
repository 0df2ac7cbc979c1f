"""Makes a file the draft of a model; a draft of somebody else is shown before it is overwritten."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rich.console import Console

from services.commands.asking import confirm
from services.ops import display
from services.ops.client import Api, ApiAnswer
from services.ops.wanted import Wanted
from shared.errors import Conflict, Refused


class Found(NamedTuple):
    """A model before the change: its active version, whether it has a draft, and the tag of its state.

    With `another` there is a draft that differs from the new matrix.
    """

    active: int | None
    has_draft: bool
    retired: bool = False
    tag: str | None = None
    another: bool = False


async def look(api: Api, wanted: Wanted, matrix: bytes | None, console: Console) -> Found:
    """Return the state of the model; when it has a draft other than the matrix, show the differences."""
    model = await _listed(api, wanted.model)
    found = Found(
        model.get("active_version"), bool(model.get("has_draft")), retired=model.get("retired_at") is not None
    )
    if found.retired:
        console.print(f"{wanted.model} is retired; to activate a version of it revives it.", highlight=False)
    if matrix is None or not model:
        return found
    draft = f"{wanted.path}/draft"
    if not found.has_draft:
        return found._replace(tag=(await api("GET", draft)).etag)
    try:
        # It succeeds only if the matrix is the draft already: the instance knows which matrices are equal.
        put_again = await api("PUT", draft, matrix, headers={"If-None-Match": "*"})
    except Refused as error:
        if error.code != "draft_exists":
            raise
    else:
        return found._replace(tag=put_again.etag)
    tag = (await api("GET", draft)).etag
    changes = (await api("GET", f"{wanted.path}/difference")).body["changes"]
    title = f"{wanted.model}: another draft is there and would be replaced"
    console.print(display.difference(title, changes))
    return found._replace(tag=tag, another=True)


async def _listed(api: Api, name: str) -> Mapping[str, Any]:
    """Return a model's entry in the list, empty when there is no such model."""
    params: dict[str, str | int] = {}
    while True:
        page = (await api("GET", "/v1/models", params=params)).body
        for model in page["items"]:
            if model["model"] == name:
                return model
        if "next_cursor" not in page:
            return {}
        params["cursor"] = page["next_cursor"]


def ask_to_replace(wanted: Wanted) -> None:
    """Ask whether the other draft may be replaced; raises Refused when not, or without a terminal."""
    if wanted.yes:
        return
    confirm(
        "Replace that draft?",
        no=": the draft that is there is kept.",
        no_terminal=f"another draft of {wanted.model} is there. Activate it without --matrix, or add --yes "
        "to replace it.",
    )


async def put(api: Api, wanted: Wanted, matrix: bytes, found: Found) -> ApiAnswer:
    """Make the matrix the draft; raises Conflict when the draft was changed since `look`."""
    headers = {"If-Match": found.tag} if found.tag else {"If-None-Match": "*"}
    try:
        return await api("PUT", f"{wanted.path}/draft", matrix, headers=headers)
    except Refused as error:
        if error.code not in {"draft_changed", "draft_exists"}:
            raise
        raise Conflict(
            "draft_changed", "Nothing was changed: somebody has just written another draft. Run this again."
        ) from error
