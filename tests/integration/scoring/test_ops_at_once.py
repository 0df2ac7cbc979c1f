"""Several people of ops at once: each change is made once, and a late request is refused."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from shared.events import LeadQualified
from tests.support.builders import interaction
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld

DRAFT = "/v1/models/m/draft"


async def at_once(answers: Sequence[Any]) -> list[tuple[int, str | None]]:
    """Return status and code of the answers to concurrent requests, in the order of the status."""
    told: list[httpx.Response] = await asyncio.gather(*answers)
    return sorted((answer.status_code, answer.json().get("code")) for answer in told)


async def test_one_of_several_concurrent_draft_saves_succeeds(scoring: ScoringHttpWorld) -> None:
    drafts = [MARATHON | {"flip_number": 20 + n / 8} for n in range(4)]
    new = {"If-None-Match": "*"}
    assert await at_once([scoring.http.put(DRAFT, json=one, headers=new) for one in drafts]) == [
        (200, None),
        *[(412, "draft_exists")] * 3,
    ]
    read = {"If-Match": (await scoring.http.get(DRAFT)).headers["ETag"]}
    others = [MARATHON | {"flip_number": 30 + n / 8} for n in range(4)]
    assert await at_once([scoring.http.put(DRAFT, json=one, headers=read) for one in others]) == [
        (200, None),
        *[(412, "draft_changed")] * 3,
    ]


@pytest.mark.parametrize("end", [DRAFT, "/v1/models/m"])
async def test_a_draft_created_during_a_deletion_is_either_stored_or_refused(
    scoring: ScoringHttpWorld, end: str
) -> None:
    another = MARATHON | {"flip_number": 30}
    for _ in range(20):
        await scoring.put(DRAFT, MARATHON)
        deleted, made = await asyncio.gather(
            scoring.http.delete(end), scoring.http.put(DRAFT, json=another, headers={"If-None-Match": "*"})
        )
        assert (deleted.status_code, made.status_code in {200, 412}) == (204, True)
        left = await scoring.http.delete(end)
        assert left.status_code == (204 if made.status_code == 200 else 404)


async def test_one_of_several_concurrent_activations_succeeds_and_makes_one_lead(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(MARATHON | {"flip_number": 1000})
    await scoring.consume(*(interaction() for _ in range(3)))
    await scoring.put(DRAFT, MARATHON)
    wanted = {"handoff": "all"}
    first, *late = await at_once([scoring.http.post("/v1/models/m/activate", json=wanted) for _ in range(4)])
    assert first == (200, None)
    assert set(late) <= {(409, "activation_under_way"), (404, "draft_unknown")}
    assert len((await scoring.get("/v1/models/m/versions"))["items"]) == 2
    assert len(await scoring.outbox_events(LeadQualified)) == 1


async def test_concurrent_corrections_of_a_profile_each_get_a_correct_response(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await scoring.consume(
        interaction(id="ours"), interaction(known_as={"email": "ana@example.com", "twitter": "ana"})
    )
    path = await scoring.profile_path()
    names: list[dict[str, Any]] = [{"points": 1}] * 4
    names += [{"points": 10, "id": "fair"}] * 4 + [{"points": 100 + n, "id": "show"} for n in range(4)]
    given = [{"model": "m", "reason": "r"} | one for one in names]
    answers = await at_once([scoring.http.post(f"{path}/adjustments", json=one) for one in given])
    assert answers == [(200, None)] * 9 + [(409, "id_taken")] * 3
    assert (await scoring.score_over_http())["score"] in {20 + 4 + 10 + 100 + n for n in range(4)}
    ours = {"interaction": "ours", "reason": "our own office"}
    assert await at_once([scoring.http.post(f"{path}/retractions", json=ours) for _ in range(3)]) == [
        (200, None),
        *[(404, "interaction_unknown")] * 2,
    ]
    apart = {"identities": [{"kind": "twitter", "value": "ana"}], "reason": "somebody else"}
    first, *late = await at_once([scoring.http.post(f"{path}/unmerge", json=apart) for _ in range(3)])
    assert first == (200, None)
    assert set(late) <= {(400, "nothing_left"), (400, "identity_unknown")}
