"""Lists sort, filter and sum by the values that profiles show, whatever ops has changed."""

from tests.support.builders import interaction, rule
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld


async def listed(scoring: ScoringHttpWorld) -> dict[str, tuple[int, float]]:
    """Return people and score by company, after a check that the lists agree with the profiles."""
    shown: dict[tuple[str, str], float] = {}
    async for page in scoring.pages("/v1/profiles", limit=2):
        shown |= {
            (model, one["id"]): standing["score"] for one in page for model, standing in one["scores"].items()
        }
    for model in {model for model, _ in shown}:
        best = sorted((-score, one) for (of, one), score in shown.items() if of == model)
        (page,) = [page async for page in scoring.pages("/v1/profiles", model=model, sort="-score")]
        assert [one["id"] for one in page] == [one for _, one in best]
        for score, profile_id in best:
            at_least = await scoring.get("/v1/profiles", model=model, min_score=-score)
            assert profile_id in {one["id"] for one in at_least["items"]}
    companies = (await scoring.get("/v1/companies", model="m"))["items"]
    return {one["company"]: (one["people"], one["score"]) for one in companies}


async def test_lists_agree_with_profiles_after_every_change(scoring: ScoringHttpWorld) -> None:
    ana, bob, cookie = {"email": "ana@a.example"}, {"email": "bob@a.example"}, {"anonymous_id": "cookie"}
    fading = rule("likes", 3, when={"type": "like"}, half_life="5d")
    await scoring.activate_document(MARATHON | {"flip_number": 1000})
    await scoring.activate_document(MARATHON | {"flip_number": 1000, "rules": [fading]}, model="other")
    visits = (interaction(known_as=who) for who in (ana, bob, cookie))
    await scoring.consume(
        *visits, *(interaction("like", id=f"like {who}", known_as=who) for who in (ana, cookie))
    )
    assert await listed(scoring) == {"a.example": (2, 20)}
    await scoring.consume(interaction("identify", known_as=ana | cookie))
    assert await listed(scoring) == {"a.example": (2, 30)}
    await scoring.consume(interaction("identify", known_as=bob | cookie))
    assert await listed(scoring) == {"a.example": (1, 30)}
    path = await scoring.profile_path("ana@a.example")
    await scoring.post(f"{path}/retractions", {"interaction": f"like {ana}", "reason": "r"})
    given = {"model": "m", "points": 2.5, "until": "2026-03-15", "reason": "r"}
    await scoring.post(f"{path}/adjustments", given)
    assert await listed(scoring) == {"a.example": (1, 32.5)}
    apart = [{"kind": "email", "value": "BOB@a.example"}]
    await scoring.post(f"{path}/unmerge", {"identities": apart, "reason": "r"})
    assert await listed(scoring) == {"a.example": (2, 32.5)}
    await scoring.activate_document(MARATHON | {"flip_number": 1000, "rules": [rule("visits", 7)]})
    assert await listed(scoring) == {"a.example": (2, 23.5)}
    await scoring.consume(interaction(known_as=bob))
    await scoring.post("/v1/models/m/activate", {"version": 1})
    assert await listed(scoring) == {"a.example": (2, 42.5)}
    await scoring.let_time_pass(days=2)
    assert await listed(scoring) == {"a.example": (2, 40)}
