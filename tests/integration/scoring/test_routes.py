"""The HTTP side of scoring, as ops and CRM see it: what it shows, which keys it accepts, how it refuses."""

from collections.abc import AsyncIterator
from typing import Any

from tests.support.builders import NOON, identities, interaction, rule
from tests.support.keys import CRM_KEY, WRITE_KEY
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld, refusal_of


async def test_a_draft_is_saved_shown_and_activated_as_version_1(scoring: ScoringHttpWorld) -> None:
    drafted = {"model": "m", "matrix": MARATHON | {"model": "m"}, "warnings": []}
    assert await scoring.put("/v1/models/m/draft", MARATHON) == drafted
    assert await scoring.get("/v1/models/m/draft") == drafted
    assert await scoring.get("/v1/models") == {
        "items": [
            {"model": "m", "active_version": None, "has_draft": True, "activating": None, "retired_at": None}
        ]
    }
    assert (await scoring.get("/v1/models/m/versions"))["items"] == []
    activated = await scoring.post("/v1/models/m/activate", {"note": "spring"})
    assert activated["version"] == 1
    assert set(activated["flip_diff"]) >= {"newly_flipped", "un_flipped", "already_handed_over"}
    (version,) = (await scoring.get("/v1/models/m/versions"))["items"]
    assert (version["version"], version["active"], version["note"], version["matrix"]) == (
        1,
        True,
        "spring",
        MARATHON | {"model": "m"},
    )
    assert await scoring.get("/v1/models/m/versions/1") == version


async def test_activation_removes_the_draft_and_the_next_draft_starts_from_the_active_matrix(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    nothing = await scoring.refusal("POST", "/v1/models/m/activate")
    assert nothing == (404, "draft_unknown", None)
    assert (await scoring.get("/v1/models/m/draft"))["matrix"] == MARATHON | {"model": "m"}
    assert (await scoring.activate_document())["version"] == 2


REFUSED: list[tuple[str, str, Any, int, str, str | None]] = [
    ("PUT", "models/m/draft", {"flip_number": 5, "rules": []}, 400, "matrix_invalid", "rules"),
    ("PUT", "models/m/draft", {"flip_number": 5, "rulez": []}, 400, "matrix_invalid", "rulez"),
    ("PUT", "models/m/draft", MARATHON | {"model": "other"}, 400, "matrix_invalid", "model"),
    ("PUT", "models/m/draft", [1], 422, "invalid", None),
    ("PUT", "models/Bad Name/draft", MARATHON, 422, "invalid", "path.model"),
    ("POST", "models/m/activate", {"handoff": "everyone"}, 422, "invalid", "handoff"),
    ("POST", "models/m/activate", {"handof": "all"}, 422, "invalid", "handof"),
    ("POST", "models/m/activate", {"version": 0}, 422, "invalid", "version"),
    ("POST", "models/m/activate", {"version": 2**31}, 422, "invalid", "version"),
    ("POST", "models/m/activate", {"note": "\0"}, 422, "invalid", "note"),
    ("POST", "models/m/activate", {"author": "\0"}, 422, "invalid", "author"),
    ("POST", "models/m/activate", None, 404, "model_unknown", None),
    ("POST", "models/m/draft/preview", None, 404, "model_unknown", None),
    ("GET", "models/m/draft", None, 404, "model_unknown", None),
    ("GET", "models/m/versions", None, 404, "model_unknown", None),
    ("GET", "models/m/activations", None, 404, "model_unknown", None),
    ("GET", "models/m/grades", None, 404, "model_unknown", None),
    ("GET", "models/m/versions/7", None, 404, "model_unknown", None),
    ("GET", "models/m/versions/0", None, 422, "invalid", "path.number"),
    ("GET", "models/m/versions/99999999999999999999", None, 422, "invalid", "path.number"),
    ("GET", "models/m/difference?before=2147483648", None, 422, "invalid", "query.before"),
    ("GET", "models/m/difference?after=0", None, 422, "invalid", "query.after"),
    ("GET", "profiles/nobody", None, 404, "profile_unknown", None),
    ("GET", "profiles/nobody/links", None, 404, "profile_unknown", None),
    ("GET", "profiles/nobody/timeline", None, 404, "profile_unknown", None),
    ("GET", "profiles/%00", None, 422, "invalid", "path.profile_id"),
    ("GET", f"profiles/{'x' * 81}", None, 422, "invalid", "path.profile_id"),
    ("POST", "profiles/nobody/adjustments", None, 422, "invalid", None),
    ("GET", "profiles?kind=email", None, 400, "identity_incomplete", "value"),
    ("GET", "profiles?kind=email&value=nonsense", None, 400, "identity_value_invalid", "identities.email"),
    ("GET", "profiles?kind=E&value=x", None, 400, "identity_kind_invalid", "identities.E"),
    ("GET", "profiles?limit=201", None, 422, "invalid", "query.limit"),
    ("GET", "profiles?cursor=nonsense", None, 400, "cursor_invalid", "cursor"),
    ("GET", "nothing", None, 404, "path_unknown", None),
    ("POST", "models", None, 405, "method_not_allowed", None),
]


async def test_invalid_requests_are_refused_with_a_problem(scoring: ScoringHttpWorld) -> None:
    for method, path, body, *expected in REFUSED:
        assert [*await scoring.refusal(method, f"/v1/{path}", json=body)] == expected, (method, path, body)


async def test_only_ops_reads_models_and_crm_also_reads_profiles(scoring: ScoringHttpWorld) -> None:
    for key in ("", f"Bearer {WRITE_KEY}", "Bearer nonsense", f"Bearer {CRM_KEY}"):
        headers = {"Authorization": key}
        assert await scoring.refusal("GET", "/v1/models", headers=headers) == (401, "key_invalid", None)
        answer = await scoring.http.get("/v1/profiles", headers=headers)
        assert answer.status_code == (200 if CRM_KEY in key else 401)


async def test_a_profile_shows_identities_traits_and_scores(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document()
    await scoring.consume(
        interaction(known_as={"email": "ana@example.com", "twitter": "@Ana"}, traits={"title": "VP"})
    )
    found = await scoring.find_profile(" ANA@Example.com ")
    assert await scoring.get(f"/v1/profiles/{found['id']}") == found
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
                "excluded_by": None,
                "version": 1,
            }
        },
    }


async def test_a_profile_id_from_before_a_merge_shows_the_merged_profile(scoring: ScoringHttpWorld) -> None:
    await scoring.consume(interaction(known_as={"anonymous_id": "cookie"}), interaction())
    before = {
        (await scoring.find_profile("cookie", "anonymous_id"))["id"],
        (await scoring.find_profile())["id"],
    }
    await scoring.consume(
        interaction("identify", known_as={"anonymous_id": "cookie", "email": "ana@example.com"})
    )
    shown = [await scoring.get(f"/v1/profiles/{one}") for one in before]
    assert shown == [await scoring.find_profile()] * 2
    assert {shown[0]["id"]} < before


async def test_a_score_lists_its_reasons(scoring: ScoringHttpWorld) -> None:
    once = rule("visits", 10, label="Visits", limit={"times": 1, "per": "ever"})
    await scoring.activate_document(MARATHON | {"rules": [once], "flip_number": 10})
    await scoring.consume(interaction(), interaction())
    score = await scoring.get(f"{await scoring.profile_path()}/scores/m")
    assert (score["score"], score["flip_number"], score["version"], score["stage"]) == (10, 10, 1, "aware")
    (reason,) = score["reasons"]
    assert reason.pop("days") == [
        {"day": NOON.date().isoformat(), "count": 2, "paid": 1, "fade": 1, "points": 10}
    ]
    assert reason.pop("note") == "the limit lets 1 of 2 times be paid"
    assert reason == {"rule": "visits", "label": "Visits", "points": 10, "count": 2, "paid": 1}


async def test_a_timeline_pages_through_everything_latest_first(scoring: ScoringHttpWorld) -> None:
    await scoring.consume(*(interaction(day=-n // 3, id=f"e{n}", path=f"/{n}") for n in range(8)))
    pages = [page async for page in scoring.pages(f"{await scoring.profile_path()}/timeline", limit=3)]
    seen = [(one["occurred_at"], one["id"]) for page in pages for one in page]
    assert [len(page) for page in pages] == [3, 3, 2]
    assert seen == sorted(seen, reverse=True)
    assert {name for _, name in seen} == {f"e{n}" for n in range(8)}


async def test_the_grades_route_counts_profiles_by_grade(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document(model="plain")
    await scoring.activate_document(
        MARATHON | {"traits": [{"id": "vp", "points": 20, "when": {"title": "VP"}}]}
    )
    everybody = [{"email": f"p{n}@example.com"} for n in range(4)]
    for n, who in enumerate(everybody):
        traits = {"title": "VP" if n < 3 else "clerk"}
        visits = (interaction(known_as=who) for _ in range(min(n, 2)))
        await scoring.consume(interaction("identify", known_as=who, traits=traits), *visits)
    overview = await scoring.get("/v1/models/m/grades")
    assert {grade: number for grade, number in overview["grades"].items() if number} == {
        "A4": 1, "A3": 1, "A2": 1, "D2": 1,
    }  # fmt: skip
    assert (len(overview["grades"]), overview["ungraded"]) == (16, 0)
    assert (await scoring.get("/v1/models/plain/grades"))["ungraded"] == 4
    (best,) = (await scoring.get("/v1/profiles", model="m", grade="A2"))["items"]
    assert best["identities"][0]["value"] == "p2@example.com"


async def test_health_readiness_and_metrics_answer(scoring: ScoringHttpWorld) -> None:
    assert await scoring.get("/healthz") == {"status": "ok"}
    assert await scoring.get("/readyz") == {
        "status": "ready",
        "checks": {"database": "ok", "log": "ok"},
    }
    assert "flipline_http_request_seconds" in (await scoring.http.get("/metrics")).text
    assert "/v1/models/{model}/draft" in (await scoring.get("/openapi.json"))["paths"]


async def endless() -> AsyncIterator[bytes]:
    for _ in range(300):
        yield b"x" * 10_000


async def test_an_endless_body_is_refused_as_too_large(scoring: ScoringHttpWorld) -> None:
    bodies: list[Any] = [endless(), b"x" * 3_000_000]
    for body in bodies:
        refused = await scoring.refusal("PUT", "/v1/models/m/draft", content=body)
        assert refused == (413, "body_too_large", None)


async def test_a_body_with_invalid_json_or_endless_nesting_is_refused(scoring: ScoringHttpWorld) -> None:
    headers = {"Content-Type": "application/json"}
    codes = {
        b"": "invalid",
        b"{": "json_invalid",
        b"\xff": "json_invalid",
        b"[" * 100_000: "too_deep",
        b'{"rules":' * 9_000: "too_deep",
        b"1" * 5_000: "json_invalid",
    }
    for body, code in codes.items():
        answer = await scoring.http.put("/v1/models/m/draft", content=body, headers=headers)
        assert refusal_of(answer) == (422 if code == "invalid" else 400, code, None), body[:20]
    undeclared = await scoring.refusal("PUT", "/v1/models/m/draft", content=b"{}")
    assert undeclared == (415, "content_type", None)
