"""Makes a file the draft of a model; another draft is shown before it is overwritten."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rich.console import Console

from services.calling import Api, ApiAnswer
from services.commands.asking import confirm
from services.ops import display
from services.ops.activation_request import ActivationRequest
from shared.errors import Conflict, Refused


class ModelState(NamedTuple):
    """A model before the change: its active version, whether it has a draft, and the tag of its state.

    With `differs` there is a draft that differs from the new matrix.
    """

    active: int | None
    has_draft: bool
    retired: bool = False
    tag: str | None = None
    differs: bool = False


async def look(api: Api, request: ActivationRequest, matrix: bytes | None, console: Console) -> ModelState:
    """Return the state of the model; when it has a draft other than the matrix, show the differences."""
    model = await _model_named(api, request.model)
    state = ModelState(
        model.get("active_version"), bool(model.get("has_draft")), retired=model.get("retired_at") is not None
    )
    if state.retired:
        console.print(f"{request.model} is retired. An activation revives it.", highlight=False)
    if matrix is None or not model:
        return state
    draft = f"{request.path}/draft"
    if not state.has_draft:
        return state._replace(tag=(await api("GET", draft)).etag)
    try:
        # It succeeds only if the matrix is the draft already: the instance knows which matrices are equal.
        put_again = await api("PUT", draft, matrix, headers={"If-None-Match": "*"})
    except Refused as error:
        if error.code != "draft_exists":
            raise
    else:
        return state._replace(tag=put_again.etag)
    tag = (await api("GET", draft)).etag
    changes = (await api("GET", f"{request.path}/difference")).body["changes"]
    title = f"{request.model}: another draft exists and would be replaced"
    console.print(display.difference(title, changes))
    return state._replace(tag=tag, differs=True)


async def _model_named(api: Api, name: str) -> Mapping[str, Any]:
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


def ask_to_replace(request: ActivationRequest) -> None:
    """Ask whether the other draft may be replaced; raises Refused when not, or without a terminal."""
    if request.yes:
        return
    confirm(
        "Replace that draft?",
        no=": the existing draft is unchanged.",
        no_terminal=f"another draft of {request.model} exists. Activate it without --matrix, or add --yes "
        "to replace it.",
    )


async def put(api: Api, request: ActivationRequest, matrix: bytes, state: ModelState) -> ApiAnswer:
    """Make the matrix the draft; raises Conflict when the draft was changed since `look`."""
    headers = {"If-Match": state.tag} if state.tag else {"If-None-Match": "*"}
    try:
        return await api("PUT", f"{request.path}/draft", matrix, headers=headers)
    except Refused as error:
        if error.code not in {"draft_changed", "draft_exists"}:
            raise
        raise Conflict(
            "draft_changed",
            "Nothing was changed: another request has just changed the draft. Run this command again.",
        ) from error
