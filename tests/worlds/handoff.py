"""The hand-off as it runs, on a real log, a real database and real sockets, under a clock that tests move."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from services.handoff.compose import compose
from services.handoff.sending import worker
from services.hosting.process import host
from shared.database.engine import Database
from shared.events import LEADS, MATRICES, LeadQualified, StageChanged, encode
from shared.log.embedded import EmbeddedLog
from shared.log.port import Record
from shared.model_events import ModelDrafted
from shared.process.settings import Settings
from tests.support.builders import NOON
from tests.support.clock import FrozenClock
from tests.support.keys import CRM_KEY, KEYS
from tests.support.patience import PATIENCE_SECONDS, eventually


@dataclass
class HandoffWorld:
    """What a test acts on."""

    log: EmbeddedLog
    database: Database
    clock: FrozenClock
    api: httpx.AsyncClient

    async def append(self, *events: LeadQualified | StageChanged) -> None:
        """Append to the log what scoring would."""
        await self.log.append([Record(LEADS, event.profile_id, encode(event)) for event in events])

    async def draft_models(self, *names: str) -> None:
        """Append the first draft of each model, as scoring does."""
        drafted = [ModelDrafted(id=f"drafted_{name}", model=name, drafted_at=NOON) for name in names]
        await self.log.append([Record(MATRICES, event.model, encode(event)) for event in drafted])

    async def subscribe(self, url: str, **more: Any) -> dict[str, Any]:
        """Subscribe an endpoint to existing models."""
        await self.draft_models(*more.get("models") or ())
        answer = await self.api.post("/v1/webhooks", json={"url": url, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def get(self, path: str) -> Any:
        answer = await self.api.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def deliveries(self, webhook: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        answer = await self.api.get(f"/v1/webhooks/{webhook['id']}/deliveries", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def wait_for_deliveries(
        self, webhook: dict[str, Any], status: str, count: int = 1
    ) -> list[dict[str, Any]]:
        """Return the deliveries with a status as soon as there are `count` of them."""
        return await eventually(
            lambda: self.deliveries(webhook, status=status), lambda rows: len(rows) >= count
        )

    async def wait_for_attempts(self, webhook: dict[str, Any], times: int) -> dict[str, Any]:
        """Return the newest delivery once `times` attempts at it are recorded."""
        rows = await eventually(
            lambda: self.deliveries(webhook), lambda rows: bool(rows) and len(rows[0]["attempts"]) >= times
        )
        return rows[0]


@asynccontextmanager
async def run_handoff(
    directory: Path,
    database: Database,
    *,
    allow: tuple[str, ...] = ("127.0.0.1",),
    timeout_seconds: float = 2 * PATIENCE_SECONDS,
) -> AsyncGenerator[HandoffWorld]:
    """Run the service in this event loop; the clock stands still at the present, which signatures need.

    An endpoint that hangs is waited for longer than a test is, unless it says otherwise.
    """
    log = EmbeddedLog(directory / "log.sqlite")
    clock = FrozenClock(datetime.now(UTC))
    settings = Settings(data_dir=directory, webhook_allow=allow)
    # Above the limit that operators can set.
    settings = settings.model_copy(update={"webhook_timeout_seconds": timeout_seconds})
    service = compose(
        log=log,
        database=database,
        clock=clock,
        keys=KEYS,
        settings=settings,
    )
    app = host([service])
    # A worker finds a due retry only when it looks; tests move the clock and cannot wait for the next look.
    with patch.object(worker, "LOOK_AGAIN_SECONDS", 0.02):
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://flipline.test",
                headers={"authorization": f"Bearer {CRM_KEY}"},
            ) as api,
        ):
            yield HandoffWorld(log, database, clock, api)
    await log.close()
