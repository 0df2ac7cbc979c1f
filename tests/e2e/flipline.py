"""A running Flipline: its processes, and an API client for each of its three roles."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import httpx
from prometheus_client.parser import text_string_to_metric_families

from shared.identity import Identity
from tests.e2e.processes import Process
from tests.oracle.people import Person
from tests.support.patience import PATIENCE_SECONDS, eventually

KEYS = {role: f"e2e-{role}-key-of-the-tests" for role in ("write", "ops", "crm")}
ALL_IN_ONE = ("up",)
ONE_EACH = ("ingest", "scoring", "handoff")


def settings(**more: str) -> dict[str, str]:
    """Return the environment of a Flipline with known keys that may post webhooks to this machine."""
    keys = {f"FLIPLINE_{role.upper()}_KEYS": key for role, key in KEYS.items()}
    return (
        keys | {"FLIPLINE_WEBHOOK_ALLOW": "127.0.0.1"} | {f"FLIPLINE_{k.upper()}": v for k, v in more.items()}
    )


class Door:
    """The HTTP API of one process for the holder of a key."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        # A connection that is kept open would not survive a restart of the process.
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=PATIENCE_SECONDS,
        )

    async def get(self, path: str, **query: Any) -> Any:
        return self._body(await self._client.get(path, params=query))

    async def put(self, path: str, body: Any) -> Any:
        return self._body(await self._client.put(path, json=body))

    async def post(self, path: str, body: Any = None) -> Any:
        return self._body(await self._client.post(path, json=body))

    async def patch(self, path: str, body: Any) -> Any:
        return self._body(await self._client.patch(path, json=body))

    async def delete(self, path: str) -> None:
        self._body(await self._client.delete(path))

    async def pages(self, path: str, **query: Any) -> list[Any]:
        """Return the items of all pages."""
        page = await self.get(path, **query)
        items = page["items"]
        while cursor := page.get("next_cursor"):
            page = await self.get(path, **query, cursor=cursor)
            items += page["items"]
        return items

    async def metric(self, name: str, **labels: str) -> float:
        """Return a metric of the process since its start; a metric that is missing is zero."""
        text = (await self._client.get("/metrics")).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    @staticmethod
    def _body(answer: httpx.Response) -> Any:
        assert answer.is_success, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


class Flipline:
    """The processes of the given commands under the same settings, as long as the context is open."""

    def __init__(self, settings: Mapping[str, str], commands: Sequence[str], directory: Path) -> None:
        self.settings = settings
        self.processes = {command: Process(command, settings, directory) for command in commands}
        self.write = self._door("write", "ingest")
        self.ops = self._door("ops", "scoring")
        self.crm = self._door("crm", "handoff")

    def _door(self, role: str, command: str) -> Door:
        # No test uses the door of a service that does not run.
        process = self.processes.get("up") or self.processes.get(command)
        return Door(process.url if process else "", KEYS[role])

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for door in (self.write, self.ops, self.crm):
                await stack.enter_async_context(door)
            for process in self.processes.values():
                await stack.enter_async_context(process)
            for process in self.processes.values():
                await process.ready()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def start(self) -> None:
        """Start all processes again."""
        for process in self.processes.values():
            process.start()
        for process in self.processes.values():
            await process.ready()

    async def stop(self) -> list[int]:
        """Stop all processes and return their exit codes."""
        return [await process.stop() for process in self.processes.values()]

    async def activate(self, model: str, matrix: Mapping[str, Any]) -> None:
        """Make the matrix the model's active version."""
        await self.ops.put(f"/v1/models/{model}/draft", matrix)
        await self.ops.post(f"/v1/models/{model}/activate")

    async def post(self, *events: Mapping[str, Any]) -> None:
        """Post native events; each has to be accepted."""
        answer = await self.write.post("/v1/events", list(events))
        assert [result["status"] for result in answer["results"]] == ["accepted"] * len(events), answer

    async def profile(self, kind: str, value: str) -> dict[str, Any] | None:
        """Return the profile of an identity; None if the identity is unknown."""
        found = (await self.ops.get("/v1/profiles", kind=kind, value=value))["items"]
        return found[0] if found else None

    async def scored(self, kind: str, value: str, model: str, score: float) -> dict[str, Any]:
        """Return the profile of an identity as soon as it has the score."""
        return await eventually(
            lambda: self.profile(kind, value),
            lambda found: found is not None and found["scores"][model]["score"] == score,
        )

    async def scores(self, model: str) -> dict[Person, float]:
        """Return the score of each profile, which is the set of its identities."""
        profiles = await self.ops.pages("/v1/profiles", limit=200)
        scores = {
            frozenset(
                Identity(identity["kind"], identity["value"]) for identity in profile["identities"]
            ): profile["scores"][model]
            for profile in profiles
        }
        assert len(scores) == len(profiles)
        return {identities: standing["score"] for identities, standing in scores.items()}

    async def accepted(self) -> float:
        """Return how many events were accepted since the start of these processes."""
        return await self.write.metric("flipline_ingest_events_total", verdict="accepted")

    async def settled(self) -> None:
        """Wait until scoring has applied all that was accepted since the start of these processes."""
        accepted = await self.accepted()
        await eventually(
            lambda: self.ops.metric("flipline_messages_total", group="scoring", outcome="applied"),
            lambda applied: applied == accepted,
        )
