"""Plays the story against a running instance, and prints what happened as tables."""

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from services.calling import Api
from services.demo.inbox import Inbox, inbox
from services.demo.story import MATRIX, MODEL, antonio
from shared.errors import Misconfigured, Refused, Unavailable
from shared.process.keys import Keys

PATIENCE_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 0.05
NOT_FOUND = 404
_PATH = f"/v1/models/{MODEL}"
_NOTE = "The story of Antonio"
_ADVICE = {
    "webhook_target_private": "The demo listens on 127.0.0.1: start the instance with "
    "FLIPLINE_WEBHOOK_ALLOW=127.0.0.1."
}


class Apis(NamedTuple):
    """The instance's HTTP API, called with the key of each role."""

    write: Api
    ops: Api
    crm: Api


async def play(url: str, keys: Keys, console: Console, now: datetime) -> None:
    """Play the story; raises Refused, Unavailable or Misconfigured with the reason when a step fails."""
    async with AsyncExitStack() as stack:
        apis = Apis(*(Api(url, of_role[0], _ADVICE) for of_role in (keys.write, keys.ops, keys.crm)))
        for api in apis:
            stack.push_async_callback(api.close)
        box = await stack.enter_async_context(inbox())
        await _check_model_free(apis)
        async with _scoring(apis, console), _subscribed(apis, box) as secret:
            profile = await _act(apis, console, now)
            await _flip(box, secret, console)
            identities = ", ".join(
                f"{identity['kind']} {identity['value']}" for identity in profile["identities"]
            )
            number = len(profile["identities"])
            console.print(f"One person, {number} identities: {identities}", highlight=False)


async def _check_model_free(apis: Apis) -> None:
    """Raise Misconfigured when another caller made a model of the same name."""
    found = await apis.ops.ask("GET", f"{_PATH}/activations")
    latest = next(iter(found.json()["items"]), None) if found.is_success else None
    if latest is not None and latest["note"] != _NOTE:
        raise Misconfigured(
            "model_taken",
            f"This instance has a model {MODEL} that the demo did not make and would replace. Use another "
            "instance for the demo.",
        )


@asynccontextmanager
async def _scoring(apis: Apis, console: Console) -> AsyncGenerator[None]:
    """Make the story's model score while the context is open, and stop it at the end."""
    found = await apis.ops.ask("GET", _PATH)
    # A draft of another caller is not overwritten.
    is_free = found.is_success and not found.json()["has_draft"]
    unless_drafted = {} if is_free else {"If-None-Match": "*"}
    await apis.ops("PUT", f"{_PATH}/draft", MATRIX, headers=unless_drafted)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(_retire, apis, console)
        try:
            await _complete(apis.ops("POST", f"{_PATH}/activate", {"note": _NOTE}, patient=True))
        except (Refused, Misconfigured):
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


async def _retire(apis: Apis, console: Console) -> None:
    """Retire the model, after ending an activation that is still under way."""
    for _ in range(int(PATIENCE_SECONDS / LOOK_AGAIN_SECONDS)):
        answer = await apis.ops.ask("DELETE", _PATH)
        # A missing model was never activated: a model that was activated stays, retired.
        if answer.is_success or answer.status_code == NOT_FOUND:
            break
        await apis.ops.ask("DELETE", f"{_PATH}/activation")
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    else:
        raise Unavailable("not_retired", f"{MODEL} may still score: run `flipline models retire {MODEL}`.")
    console.print(
        f"The model {MODEL} is retired and scores no profiles; the next demo revives it.", highlight=False
    )


@asynccontextmanager
async def _subscribed(apis: Apis, box: Inbox) -> AsyncGenerator[str]:
    """Send the model's webhooks to the inbox while the context is open; yields their secret."""
    hook = await apis.crm("POST", "/v1/webhooks", {"url": box.url, "models": [MODEL]})
    try:
        yield hook.body["secret"]
    finally:
        await apis.crm("DELETE", f"/v1/webhooks/{hook.body['id']}")


async def _act(apis: Apis, console: Console, now: datetime) -> dict[str, Any]:
    table = Table(title="Antonio buys running shoes", title_justify="left")
    for column in ("when", "what Antonio does", "known as"):
        table.add_column(column)
    table.add_column("score", justify="right")
    profile: dict[str, Any] = {}
    for event in antonio(now):
        await apis.write("POST", "/v1/events", event)
        profile = await _arrived(apis, event)
        score = (await apis.ops("GET", f"/v1/profiles/{profile['id']}/scores/{MODEL}")).body
        kinds = ", ".join(identity["kind"] for identity in profile["identities"])
        table.add_row(event["occurred_at"][:10], event["properties"]["story"], kinds, f"{score['score']:g}")
    console.print(table)
    return profile


async def _arrived(apis: Apis, event: dict[str, Any]) -> dict[str, Any]:
    """Wait until an event is in the timeline of its person, and return the profile."""
    kind, value = next(iter(event["identities"].items()))
    for _ in range(int(PATIENCE_SECONDS / LOOK_AGAIN_SECONDS)):
        for profile in await _profiles(apis, kind, value):
            timeline = await apis.ops("GET", f"/v1/profiles/{profile['id']}/timeline")
            if any(entry["id"] == event["id"] for entry in timeline.body["items"]):
                return profile
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    raise Unavailable("not_scored", f"The event was not scored within {PATIENCE_SECONDS:.0f} seconds.")


async def _profiles(apis: Apis, kind: str, value: str) -> list[dict[str, Any]]:
    try:
        return (await apis.ops("GET", "/v1/profiles", params={"kind": kind, "value": value})).body["items"]
    except Refused as error:
        # A custom kind of identity is unknown until a profile has it.
        if error.code != "kind_unknown":
            raise
        return []


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
