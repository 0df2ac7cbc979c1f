"""Playing the story against a running instance, and telling what happened as tables."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from services.demo.inbox import Inbox, inbox
from services.demo.story import MATRIX, MODEL, antonio
from shared.errors import Misconfigured, Unavailable
from shared.keys import Keys

PATIENCE_SECONDS = 15.0
LOOK_AGAIN_SECONDS = 0.05
_HINTS = {
    "/v1/webhooks": "The demo listens on 127.0.0.1: start the instance with FLIPLINE_WEBHOOK_ALLOW=127.0.0.1."
}


async def play(url: str, keys: Keys, console: Console, now: datetime) -> None:
    """Play the story; raises Unavailable or Misconfigured with the reason when it does not come about."""
    async with httpx.AsyncClient(base_url=url, timeout=10) as client, inbox() as box:
        api = Api(client, {"write": keys.write[0], "ops": keys.ops[0], "crm": keys.crm[0]})
        try:
            await api("ops", "PUT", f"/v1/models/{MODEL}/draft", MATRIX)
            await api("ops", "POST", f"/v1/models/{MODEL}/activate", {"note": "The story of Antonio"})
            hook = await api("crm", "POST", "/v1/webhooks", {"url": box.url, "models": [MODEL]})
            try:
                profile = await _act(api, console, now)
                await _flip(box, hook["secret"], console)
            finally:
                await api("crm", "DELETE", f"/v1/webhooks/{hook['id']}")
        except httpx.TransportError as error:
            raise Unavailable("not_running", f"Nothing answers on {url}: start `make run` first.") from error
    identities = ", ".join(f"{one['kind']} {one['value']}" for one in profile["identities"])
    console.print(f"One person, {len(profile['identities'])} identities: {identities}", highlight=False)


@dataclass(frozen=True)
class Api:
    """The instance's HTTP API, called with the key of a role."""

    client: httpx.AsyncClient
    keys: dict[str, str]

    async def __call__(self, role: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Return the answer's JSON; raises Misconfigured with what the instance said against it."""
        headers = {"Authorization": f"Bearer {self.keys[role]}"}
        answer = await self.client.request(method, path, headers=headers, json=body)
        if answer.is_success:
            return answer.json() if answer.content else {}
        told = answer.json().get("message", answer.text) if answer.content else answer.reason_phrase
        hint = _HINTS.get(path, "")
        raise Misconfigured("demo_refused", f"{method} {path} answered {answer.status_code}: {told} {hint}")


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
        known_as = ", ".join(one["kind"] for one in profile["identities"])
        table.add_row(
            event["occurred_at"][:10], event["properties"]["story"], known_as, f"{score['score']:g}"
        )
    console.print(table)
    return profile


async def _arrived(api: Api, event: dict[str, Any]) -> dict[str, Any]:
    """Wait until an event stands in the timeline of its person, and return the profile."""
    kind, value = next(iter(event["identities"].items()))
    identity = httpx.QueryParams(kind=kind, value=value)
    for _ in range(int(PATIENCE_SECONDS / LOOK_AGAIN_SECONDS)):
        for profile in (await api("ops", "GET", f"/v1/profiles?{identity}"))["items"]:
            timeline = await api("ops", "GET", f"/v1/profiles/{profile['id']}/timeline")
            if any(one["id"] == event["id"] for one in timeline["items"]):
                return profile
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    raise Unavailable("not_scored", f"The event was not scored within {PATIENCE_SECONDS:.0f} seconds.")


async def _flip(box: Inbox, secret: str, console: Console) -> None:
    try:
        await asyncio.wait_for(box.arrived.wait(), PATIENCE_SECONDS)
    except TimeoutError as error:
        raise Unavailable("no_webhook", f"No webhook came within {PATIENCE_SECONDS:.0f} seconds.") from error
    if len(box.received) != 1 or not box.received[0].is_signed_with(secret):
        raise Unavailable("webhook_wrong", f"{len(box.received)} webhooks came; one genuine one was due.")
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
