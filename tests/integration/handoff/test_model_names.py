"""Models that a subscription or a filter names must be announced on the log."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from services.handoff.leads import model_names
from services.handoff.routes import leads
from services.handoff.store import model_names as store
from shared.database.engine import Database
from shared.events import MATRICES, Event, encode
from shared.log.port import Record
from shared.model_events import MatrixActivated, ModelDeleted, ModelDrafted
from tests.support.builders import NOON
from tests.support.leads import qualified
from tests.support.patience import PATIENCE_SECONDS, eventually, patience
from tests.worlds.handoff import HandoffWorld, run_handoff

URL = "http://127.0.0.1:9/"


@pytest.fixture
async def world(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[HandoffWorld]:
    monkeypatch.setattr(model_names, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(leads, "PATIENCE_WITH_LISTS_SECONDS", 0.0)
    async with run_handoff(tmp_path, database) as running:
        yield running


async def append_events(world: HandoffWorld, *events: Event) -> None:
    """Append events about models to the log, and wait until the hand-off has read them."""
    marker = ModelDrafted(id="marker", model=f"marker_{len(events)}_{id(events)}", drafted_at=NOON)
    # They have one key, so that the marker is read last.
    await world.log.append([Record(MATRICES, "models", encode(event)) for event in (*events, marker)])

    async def names_the_marker() -> bool:
        return (await world.api.get("/v1/leads", params={"model": marker.model})).status_code == 200

    await eventually(names_the_marker)


def drafted(model: str) -> ModelDrafted:
    return ModelDrafted(id=f"drafted {model}", model=model, drafted_at=NOON)


def activated(model: str) -> MatrixActivated:
    return MatrixActivated(
        id=f"activated {model}", model=model, version=1, matrix={}, handoff="none", activated_at=NOON
    )


async def refused(world: HandoffWorld, method: str, path: str, **request: Any) -> tuple[int, str, str, str]:
    answer = await world.api.request(method, path, **request)
    problem = answer.json()
    return answer.status_code, problem["code"], problem["field"], problem["message"]


async def test_a_webhook_with_a_misspelt_model_is_refused_with_a_suggestion(
    world: HandoffWorld,
) -> None:
    await append_events(world, drafted("purchase_intent"), activated("influence"))
    for body, field, meant in (
        ({"models": ["nope"]}, "models.0", "is not known; known are "),
        ({"models": ["purchase_intnet"]}, "models.0", "did you mean `purchase_intent`?"),
        ({"models": ["influence", "influenza"]}, "models.1", "did you mean `influence`?"),
    ):
        status, code, named, message = await refused(world, "POST", "/v1/webhooks", json={"url": URL} | body)
        assert (status, code, named) == (400, "model_unknown", field)
        assert meant in message
        assert "PUT /v1/models/{model}/draft" in message
    assert (await world.get("/v1/webhooks"))["items"] == []


async def test_each_misspelt_model_is_reported(world: HandoffWorld) -> None:
    await append_events(world, drafted("marathon"))
    answer = await world.api.post("/v1/webhooks", json={"url": URL, "models": ["maraton", "marathon", "m2"]})
    assert [error["field"] for error in answer.json()["errors"]] == ["models.0", "models.2"]


async def test_a_webhook_can_name_a_model_before_the_first_activation(world: HandoffWorld) -> None:
    await append_events(world, drafted("purchase_intent"))
    await world.subscribe(URL, models=["purchase_intent"])


async def test_a_webhook_patch_checks_only_the_fields_in_the_patch(world: HandoffWorld) -> None:
    await append_events(world, drafted("marathon"))
    webhook = await world.subscribe(URL, models=["marathon"])
    path = f"/v1/webhooks/{webhook['id']}"
    await append_events(world, ModelDeleted(id="d", model="marathon", deleted_at=NOON))
    assert (await world.api.patch(path, json={"status": "disabled"})).json()["models"] == ["marathon"]
    assert (await refused(world, "PATCH", path, json={"models": ["marathon"]}))[:3] == (
        400, "model_unknown", "models.0"
    )  # fmt: skip
    assert (await world.api.patch(path, json={"models": None})).status_code == 200


async def test_a_model_that_is_deleted_and_created_again_is_known(world: HandoffWorld) -> None:
    deletion = ModelDeleted(id="d", model="m", deleted_at=NOON)
    await append_events(world, drafted("m"), deletion)
    assert (await refused(world, "GET", "/v1/leads?model=m"))[1:3] == ("model_unknown", "query.model")
    await append_events(world, drafted("m"), deletion, activated("m"))
    assert (await world.get("/v1/leads?model=m"))["items"] == []


async def test_leads_of_a_misspelt_model_are_refused_with_a_suggestion(world: HandoffWorld) -> None:
    await world.append(qualified(1))
    await eventually(lambda: world.get("/v1/leads"), lambda page: len(page["items"]) == 1)
    assert len((await world.get("/v1/leads?model=marathon"))["items"]) == 1
    status, code, field, message = await refused(world, "GET", "/v1/leads?model=maraton")
    assert (status, code, field) == (400, "model_unknown", "query.model")
    assert "did you mean `marathon`?" in message


async def test_a_webhook_request_waits_for_a_model_that_was_just_created(
    world: HandoffWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log announces the model a moment after scoring has answered."""
    looked, look = threading.Event(), store.among

    def watched(connection: Connection, models: Sequence[str]) -> set[str]:
        found = look(connection, models)
        looked.set()
        return found

    monkeypatch.setattr(store, "among", watched)
    monkeypatch.setattr(model_names, "PATIENCE_SECONDS", PATIENCE_SECONDS)
    subscribing = asyncio.create_task(world.api.post("/v1/webhooks", json={"url": URL, "models": ["new"]}))
    await eventually(looked.is_set)
    async with patience():
        assert not subscribing.done()
        await world.draft_models("new")
        assert (await subscribing).status_code == 201


async def test_misspelt_statuses_sorts_and_event_types_are_refused_with_a_suggestion(
    world: HandoffWorld,
) -> None:
    for method, path, body, field, meant in (
        ("GET", "/v1/leads?status=opne", None, "query.status", "open"),
        ("GET", "/v1/leads?sort=-qualifed_at", None, "query.sort", "-qualified_at"),
        ("POST", "/v1/webhooks", {"event_types": ["lead.qualifed"]}, "event_types.0", "lead.qualified"),
    ):
        status, code, named, message = await refused(world, method, path, json=body and {"url": URL} | body)
        assert (status, code, named) == (422, "invalid", field)
        assert f"did you mean `{meant}`?" in message
