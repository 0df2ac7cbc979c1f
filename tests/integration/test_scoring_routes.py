"""The HTTP side of scoring, as ops and CRM see it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.scoring.compose import compose
from shared.auth import Keys
from shared.database.engine import Database
from shared.http import build_app
from shared.log.embedded import EmbeddedLog
from tests.builders import NOON, identities, interaction, rule
from tests.integration.scoring import World

KEYS = Keys(write=("write-key",), ops=("ops-key",), crm=("crm-key",))
MARATHON: dict[str, Any] = {
    "flip_number": 25,
    "stages": {"aware": 5, "sales_ready": 25},
    "rules": [rule("visits", 10, label="Visits the shop")],
}


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


@pytest.fixture
async def http(world: World, tmp_path: Any) -> AsyncIterator[httpx.AsyncClient]:
    log = EmbeddedLog(tmp_path / "log.sqlite")
    service = compose(
        log=log, database=world.database, clock=world.clock, keys=KEYS, identity_limits={"user_id": 1}
    )

    @asynccontextmanager
    async def nothing(_app: FastAPI) -> AsyncIterator[None]:
        yield

    app = build_app(title="scoring", routers=service.routers, lifespan=nothing, checks=service.checks)
    transport = httpx.ASGITransport(app=app)
    headers = {"Authorization": "Bearer ops-key"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client
    await log.close()


async def active(http: httpx.AsyncClient, document: dict[str, Any] = MARATHON) -> dict[str, Any]:
    assert (await http.put("/v1/models/m/draft", json=document)).status_code == 200
    answer = await http.post("/v1/models/m/activate", json={"note": "spring"})
    assert answer.status_code == 200
    return answer.json()


async def profile_id(http: httpx.AsyncClient, kind: str = "email", value: str = "ana@example.com") -> str:
    found = await http.get("/v1/profiles", params={"kind": kind, "value": value})
    return found.json()["items"][0]["id"]


async def test_a_draft_is_put_shown_activated_and_numbered(http: httpx.AsyncClient) -> None:
    put = await http.put("/v1/models/m/draft", json=MARATHON)
    assert put.json() == {"model": "m", "matrix": MARATHON | {"model": "m"}, "warnings": []}
    assert (await http.get("/v1/models/m/draft")).json()["matrix"] == MARATHON | {"model": "m"}
    assert (await http.get("/v1/models")).json() == {
        "items": [{"model": "m", "active_version": None, "has_draft": True}]
    }
    activated = await http.post("/v1/models/m/activate", json={"note": "spring"})
    assert activated.json()["version"] == 1
    assert set(activated.json()["flip_diff"]) >= {"newly_flipped", "un_flipped", "already_handed_over"}
    (version,) = (await http.get("/v1/models/m/versions")).json()["items"]
    assert (version["version"], version["active"], version["note"], version["matrix"]) == (
        1,
        True,
        "spring",
        MARATHON | {"model": "m"},
    )
    assert (await http.get("/v1/models/m/versions/1")).json() == version


async def test_an_activated_draft_is_gone_and_the_active_matrix_is_where_the_next_starts(
    http: httpx.AsyncClient,
) -> None:
    await active(http)
    assert (await http.post("/v1/models/m/activate")).json()["code"] == "draft_missing"
    assert (await http.get("/v1/models/m/draft")).json()["matrix"] == MARATHON | {"model": "m"}
    assert (await active(http))["version"] == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "field"),
    [
        ("PUT", "/v1/models/m/draft", {"flip_number": 5, "rules": []}, 400, "matrix_invalid", "rules"),
        ("PUT", "/v1/models/m/draft", {"flip_number": 5, "rulez": []}, 400, "matrix_invalid", None),
        ("PUT", "/v1/models/m/draft", [1], 422, "invalid", None),
        ("PUT", "/v1/models/Bad Name/draft", MARATHON, 422, "invalid", "path.model"),
        ("POST", "/v1/models/m/activate", {"handoff": "everyone"}, 422, "invalid", "handoff"),
        ("POST", "/v1/models/m/activate", {"handof": "all"}, 422, "invalid", "handof"),
        ("POST", "/v1/models/m/activate", None, 404, "model_unknown", None),
        ("GET", "/v1/models/m/draft", None, 404, "model_unknown", None),
        ("GET", "/v1/models/m/versions/7", None, 404, "version_unknown", None),
        ("GET", "/v1/profiles/nobody", None, 404, "profile_unknown", None),
        ("GET", "/v1/profiles?kind=email", None, 400, "identity_incomplete", "value"),
        ("GET", "/v1/profiles?kind=email&value=nonsense", None, 400, "identity_value_invalid", None),
        ("GET", "/v1/profiles?limit=201", None, 422, "invalid", "query.limit"),
        ("GET", "/v1/profiles?cursor=nonsense", None, 400, "cursor_invalid", "cursor"),
        ("GET", "/v1/nothing", None, 404, "not_found", None),
        ("POST", "/v1/models", None, 405, "method_not_allowed", None),
    ],
)
async def test_what_is_wrong_is_told_as_a_problem(
    http: httpx.AsyncClient, method: str, path: str, body: Any, status: int, code: str, field: str | None
) -> None:
    answer = await http.request(method, path, json=body)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code), told
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "message"} <= told.keys()
    assert field is None or told["field"] == field


@pytest.mark.parametrize("key", [None, "write-key", "crm-key", "nonsense"])
async def test_the_matrix_opens_to_ops_alone(http: httpx.AsyncClient, key: str | None) -> None:
    headers = {"Authorization": f"Bearer {key}"} if key else {"Authorization": ""}
    answer = await http.get("/v1/models", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "key_invalid")


async def test_profiles_open_to_crm_too(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/profiles", headers={"Authorization": "Bearer crm-key"})
    assert answer.status_code == 200


async def test_a_profile_shows_identities_traits_and_scores(world: World, http: httpx.AsyncClient) -> None:
    await active(http)
    await world.happened(
        interaction(known_as={"email": "ana@example.com", "twitter": "@Ana"}, traits={"title": "VP"})
    )
    (found,) = (
        await http.get("/v1/profiles", params={"kind": "email", "value": " ANA@Example.com "})
    ).json()["items"]
    assert found.pop("id") in {one.id for one in identities(email="ana@example.com", twitter="ana")}
    assert found == {
        "identities": [
            {"kind": "email", "value": "ana@example.com"},
            {"kind": "twitter", "value": "ana"},
        ],
        "traits": {"company": "example.com", "email_domain": "example.com", "title": "VP"},
        "scores": {
            "m": {
                "score": 10,
                "flip_number": 25,
                "stage": "aware",
                "grade": None,
                "state": "below",
                "missing": [],
                "version": 1,
            }
        },
    }
    shown = (await http.get(f"/v1/profiles/{await profile_id(http)}")).json()
    assert shown == found | {"id": shown["id"]}


async def test_a_score_tells_its_reasons(world: World, http: httpx.AsyncClient) -> None:
    await active(
        http,
        MARATHON
        | {
            "rules": [rule("visits", 10, label="Visits", limit={"times": 1, "per": "ever"})],
            "flip_number": 10,
        },
    )
    await world.happened(interaction(), interaction())
    score = (await http.get(f"/v1/profiles/{await profile_id(http)}/scores/m")).json()
    assert (score["score"], score["flip_number"], score["version"], score["stage"]) == (10, 10, 1, "aware")
    (reason,) = score["reasons"]
    assert reason.pop("days") == [
        {"day": NOON.date().isoformat(), "count": 2, "paid": 1, "fade": 1, "points": 10}
    ]
    assert reason == {"rule": "visits", "label": "Visits", "points": 10, "count": 2, "paid": 1}


async def test_a_score_is_told_as_of_any_day_and_under_any_version(
    world: World, http: httpx.AsyncClient
) -> None:
    await active(http)
    await world.happened(interaction(day=-9), interaction("like", day=-9), interaction(day=-2))
    await active(http, MARATHON | {"rules": [rule("likes", 3, when={"type": "like"})]})
    await world.happened(interaction(day=-1))
    path = f"/v1/profiles/{await profile_id(http)}/scores/m"

    async def points(**params: str) -> float:
        return (await http.get(path, params=params)).json()["score"]

    five_days_ago = NOON.replace(day=NOON.day - 5)
    assert await points() == 3
    assert await points(version="1") == 30
    assert await points(version="1", at=five_days_ago.isoformat()) == 10
    assert await points(version="1", at=five_days_ago.date().isoformat()) == 10
    assert await points(at="2020-01-01") == 0


async def test_a_timeline_pages_through_everything_latest_first(
    world: World, http: httpx.AsyncClient
) -> None:
    done = [interaction(day=-n // 2, id=f"e{n}", path=f"/{n}") for n in range(7)]
    await world.happened(*done)
    path = f"/v1/profiles/{await profile_id(http)}/timeline"
    seen: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = (await http.get(path, params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len({one["id"] for one in seen}) == 7
    assert [one["occurred_at"] for one in seen] == sorted((one["occurred_at"] for one in seen), reverse=True)


async def test_all_profiles_can_be_paged_through(world: World, http: httpx.AsyncClient) -> None:
    everybody = {f"p{n}@example.com" for n in range(11)}
    await world.happened(*(interaction(known_as={"email": email}) for email in sorted(everybody)))
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 4}
    while True:
        page = (await http.get("/v1/profiles", params=params)).json()
        seen += [one["identities"][0]["value"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert (len(seen), set(seen)) == (11, everybody)


async def test_health_readiness_and_metrics_answer(http: httpx.AsyncClient) -> None:
    assert (await http.get("/healthz")).json() == {"status": "ok"}
    assert (await http.get("/readyz")).json() == {
        "status": "ready",
        "checks": {"database": "ok", "log": "ok"},
    }
    assert "flipline_http_request_seconds" in (await http.get("/metrics")).text
    assert "/v1/models/{model}/draft" in (await http.get("/openapi.json")).json()["paths"]


async def endless() -> AsyncIterator[bytes]:
    for _ in range(300):
        yield b"x" * 10_000


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_without_end_is_cut_off(http: httpx.AsyncClient, chunked: bool) -> None:
    body: Any = endless() if chunked else b"x" * 3_000_000
    answer = await http.put("/v1/models/m/draft", content=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
