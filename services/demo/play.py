"""Plays the story against a running instance, and prints what happened as tables."""

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from services.demo.inbox import Inbox, inbox
from services.demo.story import MATRIX, MODEL, antonio
from shared.errors import Misconfigured, Unavailable
from shared.process.keys import Keys

PATIENCE_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 0.05
NOT_FOUND = 404
_PATH = f"/v1/models/{MODEL}"
_NOTE = "The story of Antonio"
_HINTS = {
    "/v1/webhooks": "The demo listens on 127.0.0.1: start the instance with FLIPLINE_WEBHOOK_ALLOW=127.0.0.1."
}


async def play(url: str, keys: Keys, console: Console, now: datetime) -> None:
    """Play the story; raises Unavailable or Misconfigured with the reason when a step fails."""
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as client, inbox() as box:
        api = Api(client, {"write": keys.write[0], "ops": keys.ops[0], "crm": keys.crm[0]})
        try:
            await _check_model_free(api)
            async with _scoring(api, console), _subscribed(api, box) as secret:
                profile = await _act(api, console, now)
                await _flip(box, secret, console)
                identities = [f"{identity['kind']} {identity['value']}" for identity in profile["identities"]]
                text = f"One person, {len(identities)} identities: {', '.join(identities)}"
                console.print(text, highlight=False)
        except httpx.TransportError as error:
            raise Unavailable("not_running", f"Nothing answers on {url}: start `make run` first.") from error


@dataclass(frozen=True)
class Api:
    """The instance's HTTP API, called with the key of a role."""

    client: httpx.AsyncClient
    keys: dict[str, str]

    async def ask(
        self, role: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Return the answer, whatever its status."""
        key = {"Authorization": f"Bearer {self.keys[role]}"}
        return await self.client.request(method, path, headers={**key, **(headers or {})}, json=body)

    async def __call__(
        self, role: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the answer's JSON; raises Misconfigured with the instance's reason for a refusal."""
        return _read(await self.ask(role, method, path, body, headers), path)


def _read(answer: httpx.Response, path: str) -> dict[str, Any]:
    if answer.is_success:
        return answer.json() if answer.content else {}
    reason = answer.json().get("message", answer.text) if answer.content else answer.reason_phrase
    called, hint = f"{answer.request.method} {path}", _HINTS.get(path, "")
    raise Misconfigured("demo_refused", f"{called} answered {answer.status_code}: {reason} {hint}")


async def _check_model_free(api: Api) -> None:
    """Raise Misconfigured when another caller made a model of the same name."""
    found = await api.ask("ops", "GET", f"{_PATH}/activations")
    latest = next(iter(found.json()["items"]), None) if found.is_success else None
    if latest is not None and latest["note"] != _NOTE:
        raise Misconfigured(
            "model_taken",
            f"This instance has a model {MODEL} that the demo did not make and would replace. Use another "
            "instance for the demo.",
        )


@asynccontextmanager
async def _scoring(api: Api, console: Console) -> AsyncGenerator[None]:
    """Make the story's model score while the context is open, and stop it at the end."""
    found = await api.ask("ops", "GET", _PATH)
    # A draft of another caller is not overwritten.
    is_free = found.is_success and not found.json()["has_draft"]
    unless_drafted = {} if is_free else {"If-None-Match": "*"}
    await api("ops", "PUT", f"{_PATH}/draft", MATRIX, unless_drafted)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(_retire, api, console)
        try:
            await _complete(api("ops", "POST", f"{_PATH}/activate", {"note": _NOTE}))
        except Misconfigured:
            # Another caller is activating the model.
            stack.pop_all()
            raise
        yield


async def _complete(request: Coroutine[Any, Any, Any]) -> None:
    """Wait for the answer, also when interrupted: the instance may have the request but not have started."""
    response = asyncio.ensure_future(request)
    try:
        await asyncio.shield(response)
    except asyncio.CancelledError:
        await asyncio.wait([response], timeout=PATIENCE_SECONDS)
        raise


async def _retire(api: Api, console: Console) -> None:
    """Retire the model, after ending an activation that is still under way."""
    for _ in range(int(PATIENCE_SECONDS / LOOK_AGAIN_SECONDS)):
        answer = await api.ask("ops", "DELETE", _PATH)
        # A missing model was never activated: a model that was activated stays, retired.
        if answer.is_success or answer.status_code == NOT_FOUND:
            break
        await api.ask("ops", "DELETE", f"{_PATH}/activation")
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    else:
        raise Unavailable("not_retired", f"{MODEL} may still score: run `flipline models retire {MODEL}`.")
    console.print(
        f"The model {MODEL} is retired and scores no profiles; the next demo revives it.", highlight=False
    )


@asynccontextmanager
async def _subscribed(api: Api, box: Inbox) -> AsyncGenerator[str]:
    """Send the model's webhooks to the inbox while the context is open; yields their secret."""
    hook = await api("crm", "POST", "/v1/webhooks", {"url": box.url, "models": [MODEL]})
    try:
        yield hook["secret"]
    finally:
        await api("crm", "DELETE", f"/v1/webhooks/{hook['id']}")


async def _act(api: Api, console: Console, now: datetime) -> dict[str, Any]:
    table = Table(title="Antonio buys running shoes", title_justify="left")
    for column in ("when", "what Antonio does", "known as"):
        table.add_column(column)
    table.add_column("score", justify="right")
    profile: dict[str, Any] = {}
    for event in antonio(now):
        await api("write", "POST", "/v1/events", event)
        profile = await _arrived(api, event)
        score = await api("ops", "GET", f"/v1/profiles/{profile['id']}/scores/{MODEL}")
        kinds = ", ".join(identity["kind"] for identity in profile["identities"])
        table.add_row(event["occurred_at"][:10], event["properties"]["story"], kinds, f"{score['score']:g}")
    console.print(table)
    return profile


async def _arrived(api: Api, event: dict[str, Any]) -> dict[str, Any]:
    """Wait until an event is in the timeline of its person, and return the profile."""
    kind, value = next(iter(event["identities"].items()))
    identity = httpx.QueryParams(kind=kind, value=value)
    for _ in range(int(PATIENCE_SECONDS / LOOK_AGAIN_SECONDS)):
        for profile in await _profiles(api, f"/v1/profiles?{identity}"):
            timeline = await api("ops", "GET", f"/v1/profiles/{profile['id']}/timeline")
            if any(entry["id"] == event["id"] for entry in timeline["items"]):
                return profile
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    raise Unavailable("not_scored", f"The event was not scored within {PATIENCE_SECONDS:.0f} seconds.")


async def _profiles(api: Api, path: str) -> list[dict[str, Any]]:
    answer = await api.ask("ops", "GET", path)
    # A custom kind of identity is unknown until a profile has it.
    if answer.is_client_error and answer.json().get("code") == "kind_unknown":
        return []
    return _read(answer, path)["items"]


async def _flip(box: Inbox, secret: str, console: Console) -> None:
    try:
        await asyncio.wait_for(box.arrived.wait(), PATIENCE_SECONDS)
    except TimeoutError as error:
        raise Unavailable("no_webhook", f"No webhook came within {PATIENCE_SECONDS:.0f} seconds.") from error
    if len(box.received) != 1 or not box.received[0].is_signed_with(secret):
        raise Unavailable(
            "webhook_wrong",
            f"{len(box.received)} webhooks came, but exactly one with a valid signature was expected.",
        )
    message = json.loads(box.received[0].body)
    data = message["data"]
    webhook_id = box.received[0].headers["webhook-id"]
    table = Table(title=f"One signed {message['type']}, webhook-id {webhook_id}", title_justify="left")
    table.add_column("reason")
    table.add_column("points", justify="right")
    for reason in data["reasons"]:
        table.add_row(reason["label"], f"{reason['points']:g}")
    table.add_row("score", f"{data['score']:g} of {data['flip_number']:g}", style="bold")
    console.print(table)
