"""A sender that behaves as it should: it sends again, under the same ids, what was not answered 200."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time
from typing import Any

import httpx

from shared.errors import Unavailable
from tests.e2e.crowd import Deed
from tests.support.patience import PATIENCE_SECONDS, eventually, persist

POSTERS = 4
MOST_IN_A_REQUEST = 6
_COME_AGAIN = 429
_OUR_FAULT = 500
_ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

Batch = tuple[int, list[dict[str, Any]]]


class Sender:
    """Posts deeds up to a fraction that a fault sets, in requests of some events each.

    `accepted` are the ids that were answered `accepted` in a 200, `refused` the codes of those that were
    answered `refused`, and `repeats` counts the requests that had to be sent again.
    """

    def __init__(self, url: str, key: str, deeds: Sequence[Deed], seed: int) -> None:
        self.deeds = deeds
        self.accepted: set[str] = set()
        self.answered = 0
        self.refused: Counter[str] = Counter()
        self.repeats = 0
        self.answers: Counter[int | str] = Counter()
        self._url = url
        self._key = key
        self._rng = random.Random(seed)  # noqa: S311 - not a secret
        self._let = 0
        self._more = asyncio.Condition()
        self._begin, self._end = 0, len(deeds)

    def begin_round(self, number: int, rounds: int) -> None:
        """From now on, fractions are those of this round."""
        self._begin = len(self.deeds) * number // rounds
        self._end = len(self.deeds) * (number + 1) // rounds

    async def let(self, fraction: float) -> None:
        """Let it send up to that fraction of the round."""
        async with self._more:
            self._let = max(self._let, self._at(fraction))
            self._more.notify_all()

    async def has_posted(self, fraction: float) -> None:
        """Return once that fraction of the round was answered 200."""
        await self.let(fraction)
        await eventually(lambda: self.answered >= self._at(fraction))

    async def has_to_repeat(self, fraction: float, *answers: int) -> None:
        """Return once one more request has failed, with one of the answers if any are named."""

        def failures() -> int:
            return sum(self.answers[status] for status in answers) if answers else self.repeats

        before = failures()
        await self.let(fraction)
        await eventually(lambda: failures() > before)

    def _at(self, fraction: float) -> int:
        return self._begin + int((self._end - self._begin) * fraction)

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None]:
        """Send, up to the fraction that is set, as long as the block runs."""
        batches = self._batches()
        async with httpx.AsyncClient(
            base_url=self._url,
            headers={"Authorization": f"Bearer {self._key}"},
            limits=httpx.Limits(max_connections=POSTERS),
            timeout=PATIENCE_SECONDS,
        ) as http:
            posters = [asyncio.create_task(self._post_all(http, batches)) for _ in range(POSTERS)]
            try:
                yield
            finally:
                for poster in posters:
                    poster.cancel()
                ended = await asyncio.gather(*posters, return_exceptions=True)
                for error in ended:
                    # This failure is the reason for the timeout of whatever waited for the sender.
                    if isinstance(error, Exception):
                        raise error

    def _batches(self) -> Iterator[Batch]:
        start = 0
        while start < len(self.deeds):
            end = start + self._rng.randint(1, MOST_IN_A_REQUEST)
            yield start, [_event(deed) for deed in self.deeds[start:end]]
            start = end

    async def _post_all(self, http: httpx.AsyncClient, batches: Iterator[Batch]) -> None:
        for start, events in batches:
            async with self._more:
                await self._more.wait_for(lambda start=start: start < self._let)
            await persist(lambda events=events: self._post(http, events))

    async def _post(self, http: httpx.AsyncClient, events: list[dict[str, Any]]) -> None:
        try:
            answer = await http.post("/v1/events", json=events)
        except httpx.TransportError as error:
            raise self._again(type(error).__name__) from error
        if answer.status_code == _COME_AGAIN or answer.status_code >= _OUR_FAULT:
            raise self._again(answer.status_code)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        for result in answer.json()["results"]:
            if result["status"] == "accepted":
                self.accepted.add(result["id"])
            else:
                self.refused[result["code"]] += 1
        self.answered += len(events)

    def _again(self, answer: int | str) -> Unavailable:
        self.repeats += 1
        self.answers[answer] += 1
        return Unavailable("not_taken", f"The events have to be sent again: {answer}.")


def _event(deed: Deed) -> dict[str, Any]:
    names: dict[str, list[str]] = {}
    for kind, value in deed.names:
        names.setdefault(kind, []).append(value)
    robot = {"user_agent": _ROBOT} if deed.machine else {}
    return {
        "id": deed.id,
        "type": deed.type,
        "identities": names,
        "occurred_at": datetime.combine(deed.day, time(12), UTC).isoformat(),
        "properties": dict(deed.properties) | robot,
    }
