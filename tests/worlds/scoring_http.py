"""Scoring as ops and CRM see it: a ScoringWorld with the HTTP in front of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from services.scoring.compose import compose
from shared.database.engine import Database
from shared.identity import Forms
from shared.log.embedded import EmbeddedLog
from shared.web.http import build_app
from tests.support.builders import rule
from tests.support.keys import KEYS, OPS_KEY
from tests.worlds.scoring import ScoringWorld

MARATHON: dict[str, Any] = {
    "flip_number": 25,
    "stages": {"aware": 5, "sales_ready": 25},
    "rules": [rule("visits", 10, label="Visits the shop")],
}
BY_OPS = {"reason": "our own office", "author": "Olga"}


class ScoringHttpWorld(ScoringWorld):
    """A ScoringWorld whose routes are called with the key of ops; any answer but a success fails the test."""

    http: httpx.AsyncClient

    async def get(self, path: str, **params: Any) -> Any:
        return _success(await self.http.get(path, params=params))

    async def put(self, path: str, body: Any, **headers: str) -> Any:
        return _success(await self.http.put(path, json=body, headers=headers))

    async def post(self, path: str, body: Any = None) -> Any:
        return _success(await self.http.post(path, json=body))

    async def activate_document(
        self, document: dict[str, Any] = MARATHON, model: str = "m", **how: Any
    ) -> Any:
        """Put a draft and activate it."""
        await self.put(f"/v1/models/{model}/draft", document)
        return await self.post(f"/v1/models/{model}/activate", how)

    async def find_profile(self, value: str = "ana@example.com", kind: str = "email") -> Any:
        """Return the profile of an identity."""
        (found,) = (await self.get("/v1/profiles", kind=kind, value=value))["items"]
        return found

    async def profile_path(self, value: str = "ana@example.com", kind: str = "email") -> str:
        """Return the path of the profile of an identity."""
        return f"/v1/profiles/{(await self.find_profile(value, kind))['id']}"

    async def score_over_http(
        self, value: str = "ana@example.com", kind: str = "email", model: str = "m"
    ) -> Any:
        return (await self.find_profile(value, kind))["scores"][model]

    async def pages(self, path: str, **params: Any) -> AsyncIterator[list[Any]]:
        """Give the items of a list page by page."""
        while True:
            page = await self.get(path, **params)
            yield page["items"]
            if "next_cursor" not in page:
                return
            params["cursor"] = page["next_cursor"]

    async def refusal(self, method: str, path: str, **request: Any) -> tuple[int, str, str | None]:
        """Return status, code and field of a refusal; fails when it is not sent as a problem."""
        answer = await self.http.request(method, path, **request)
        return refusal_of(answer)


def refusal_of(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Return status, code and field of a refusal; fails when it is not sent as a problem."""
    assert answer.headers["content-type"] == "application/problem+json", (answer.status_code, answer.text)
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code", "message"} <= problem.keys()
    assert problem["status"] == answer.status_code < 500
    return answer.status_code, problem["code"], problem.get("field")


def _success(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


@asynccontextmanager
async def run_scoring(database: Database, directory: Path) -> AsyncIterator[ScoringHttpWorld]:
    """Compose the service on a database, without its workers."""
    log = EmbeddedLog(directory / "log.sqlite")
    scoring = ScoringHttpWorld(database)
    service = compose(
        log=log,
        database=database,
        clock=scoring.clock,
        keys=KEYS,
        forms=Forms(),
        identity_limits={"user_id": 1},
    )

    @asynccontextmanager
    async def nothing(_app: FastAPI) -> AsyncIterator[None]:
        yield

    app = build_app(title="scoring", routers=service.routers, lifespan=nothing, checks=service.checks)
    transport = httpx.ASGITransport(app=app)
    headers = {"Authorization": f"Bearer {OPS_KEY}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=headers
    ) as scoring.http:
        yield scoring
    await log.close()
