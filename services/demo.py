"""The story of Antonio, played over HTTP against a running instance, knowing only its contract."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from shared.auth import Keys
from shared.errors import Misconfigured, Unavailable

MODEL = "marathon"
PATIENCE_SECONDS = 15.0
MATRIX: dict[str, Any] = {
    "flip_number": 25,
    "stages": {"aware": 5, "interested": 15, "sales_ready": 25},
    "rules": [
        {
            "id": "announces_marathon",
            "label": "Announces a marathon",
            "when": {"type": "share", "where": {"text": {"matches_any": ["marathon", "maratón"]}}},
            "points": 5,
        },
        {
            "id": "joins_training_group",
            "label": "Joins the training group",
            "when": {"type": "group_join", "where": {"group": "marathon-training"}},
            "points": 10,
        },
        {
            "id": "signs_up_for_newsletter",
            "label": "Signs up for the newsletter",
            "when": {"type": "newsletter_signup"},
            "points": 10,
        },
    ],
}


@dataclass
class Inbox:
    """The webhook receiver of a CRM: keeps what came, as it came."""

    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list[tuple[dict[str, str], bytes]])
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one HTTP request and answer 204."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = head.split("\r\n")[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        self.received.append((headers, body))
        self.arrived.set()


@asynccontextmanager
async def inbox() -> AsyncGenerator[tuple[Inbox, str]]:
    """Open a receiver on a free local port and give it together with its URL."""
    box = Inbox()
    server = await asyncio.start_server(box.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield box, f"http://127.0.0.1:{port}/crm"
    finally:
        server.close()
        await server.wait_closed()


async def play(url: str, keys: Keys, console: Console) -> None:
    """Play the story and print it as a table; raises Unavailable when something does not come about."""
    async with httpx.AsyncClient(base_url=url, timeout=10) as client, inbox() as (box, target):
        try:
            await _play(client, keys, console, box, target)
        except httpx.TransportError as error:
            raise Unavailable("not_running", f"Nothing answers on {url}: start `make run` first.") from error


async def _play(client: httpx.AsyncClient, keys: Keys, console: Console, box: Inbox, target: str) -> None:
    ops = {"Authorization": f"Bearer {keys.ops[0]}"}
    crm = {"Authorization": f"Bearer {keys.crm[0]}"}
    await _call(client, "PUT", f"/v1/models/{MODEL}/draft", ops, MATRIX)
    await _call(client, "POST", f"/v1/models/{MODEL}/activate", ops, {"note": "The story of Antonio"})
    hook = await _call(client, "POST", "/v1/webhooks", crm, {"url": target, "models": [MODEL]})
    try:
        await _story(client, keys, console, box, hook["secret"])
    finally:
        await _call(client, "DELETE", f"/v1/webhooks/{hook['id']}", crm)


async def _story(client: httpx.AsyncClient, keys: Keys, console: Console, box: Inbox, secret: str) -> None:
    ops = {"Authorization": f"Bearer {keys.ops[0]}"}
    table = Table(title="Antonio buys running shoes", title_justify="left")
    for column in ("when", "what Antonio does", "known as", "score"):
        table.add_column(column, justify="right" if column == "score" else "left")
    profile: dict[str, Any] = {}
    for event in antonio(datetime.now(UTC)):
        await _call(client, "POST", "/v1/events", {"Authorization": f"Bearer {keys.write[0]}"}, event)
        profile, score = await _scored(client, ops, event)
        known = ", ".join(sorted({one["kind"] for one in profile["identities"]}))
        table.add_row(event["occurred_at"][:10], event["properties"]["story"], known, f"{score['score']:g}")
    console.print(table)

    try:
        await asyncio.wait_for(box.arrived.wait(), PATIENCE_SECONDS)
    except TimeoutError as error:
        raise Unavailable("no_webhook", f"No webhook came within {PATIENCE_SECONDS:.0f} seconds.") from error
    headers, body = box.received[0]
    if not is_signed(secret, headers, body):
        raise Unavailable("signature_wrong", "A webhook came, but its signature does not verify.")
    message = json.loads(body)
    reasons = Table(
        title=f"One signed {message['type']} (webhook-id {headers['webhook-id']})", title_justify="left"
    )
    for column in ("reason", "points"):
        reasons.add_column(column, justify="right" if column == "points" else "left")
    for reason in message["data"]["reasons"]:
        reasons.add_row(reason["label"], f"{reason['points']:g}")
    reasons.add_row(
        "score", f"{message['data']['score']:g} of {message['data']['flip_number']:g}", style="bold"
    )
    console.print(reasons)
    console.print(
        f"One person, {len(profile['identities'])} identities: "
        + ", ".join(f"{one['kind']} {one['value']}" for one in profile["identities"]),
        highlight=False,
    )
    if len(box.received) != 1:
        raise Unavailable("too_many", f"{len(box.received)} webhooks came, one was expected.")


def antonio(now: datetime) -> list[dict[str, Any]]:
    """Return what Antonio does in months 1, 5 and 6; each run has an Antonio of its own."""
    run = format(int(now.timestamp()), "x")
    twitter, facebook, email = f"antonio_{run}", f"antonio.runs.{run}", f"antonio+{run}@example.com"
    start = now - timedelta(days=180)

    def event(month: int, type_: str, identities: dict[str, str], **properties: str) -> dict[str, Any]:
        return {
            "id": f"demo-{run}-{month}",
            "type": type_,
            "identities": identities,
            "occurred_at": (start + timedelta(days=30 * (month - 1))).isoformat(),
            "source": "demo",
            "properties": properties,
        }

    return [
        event(1, "share", {"twitter": twitter}, text="My first marathon!", story="announces a marathon"),
        event(
            5,
            "group_join",
            {"facebook": facebook, "twitter": twitter},
            group="marathon-training",
            story="joins the training group",
        ),
        event(
            6,
            "newsletter_signup",
            {"email": email, "facebook": facebook},
            story="signs up for the newsletter",
        ),
    ]


async def _scored(
    client: httpx.AsyncClient, ops: dict[str, str], event: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Wait until the event has arrived in its person's timeline and return profile and score."""
    kind, value = next(iter(event["identities"].items()))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = await client.get("/v1/profiles", params={"kind": kind, "value": value}, headers=ops)
        for profile in found.json().get("items", []):
            timeline = await _call(client, "GET", f"/v1/profiles/{profile['id']}/timeline", ops)
            if any(one["id"] == event["id"] for one in timeline["items"]):
                score = await _call(client, "GET", f"/v1/profiles/{profile['id']}/scores/{MODEL}", ops)
                return profile, score
        await asyncio.sleep(0.05)
    raise Unavailable("not_scored", f"The event was not scored within {PATIENCE_SECONDS:.0f} seconds.")


async def _call(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], body: Any = None
) -> dict[str, Any]:
    answer = await client.request(method, path, headers=headers, json=body)
    if answer.is_success:
        return answer.json() if answer.content else {}
    told = answer.json().get("message", answer.text) if answer.content else answer.reason_phrase
    hint = ""
    if path == "/v1/webhooks":
        hint = (
            " The demo's receiver is on 127.0.0.1: start the instance with FLIPLINE_WEBHOOK_ALLOW=127.0.0.1."
        )
    raise Misconfigured("demo_refused", f"{method} {path} answered {answer.status_code}: {told}{hint}")


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Verify a Standard Webhooks signature the way a receiver would, from the specification alone."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return any(hmac.compare_digest(f"v1,{expected}", one) for one in headers["webhook-signature"].split(" "))
