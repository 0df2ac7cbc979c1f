"""Explaining a score: its reasons on any day under any version, why it flipped, and what is missing."""

from tests.support.builders import interaction, rule
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld

ANTONIO = {
    "flip_number": 25,
    "rules": [
        rule("announces", 5, when={"type": "share"}),
        rule("joins", 10, when={"type": "group_join"}),
        rule("signs_up", 10, when={"type": "newsletter_signup"}, limit={"times": 1, "per": "ever"}),
        rule("opens", 1, when={"type": "email_open"}),
    ],
    "traits": [{"id": "vp", "label": "Decides", "points": 8, "when": {"title": "VP"}}],
}


async def test_without_the_smallest_set_of_reasons_the_profile_would_not_have_flipped(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(ANTONIO)
    await scoring.consume(
        interaction("share", day=-150),
        *(interaction("email_open", day=-20) for _ in range(4)),
        interaction("group_join", day=-30),
        interaction("newsletter_signup"),
    )
    why = await scoring.get(f"{await scoring.profile_path()}/scores/m/why-flipped")
    (reason,) = why["smallest_set"]
    assert (reason["rule"], reason["points"]) in {("joins", 10), ("signs_up", 10)}
    assert (why["flipped"], why["score"], why["crossed_on"]) == (True, 29, "2026-03-14")
    assert (why["points_missing"], why["ways"], why["at"]) == (0, [], "2026-03-14T12:00:00Z")


async def test_the_smallest_set_has_several_reasons_when_no_single_reason_is_decisive(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(ANTONIO | {"flip_number": 12})
    await scoring.consume(*(interaction(kind) for kind in ("share", "group_join", "newsletter_signup")))
    why = await scoring.get(f"{await scoring.profile_path()}/scores/m/why-flipped")
    assert {reason["rule"] for reason in why["smallest_set"]} == {"joins", "signs_up"}


async def test_a_profile_that_has_not_flipped_gets_each_single_way_to_flip(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document(
        ANTONIO | {"requires": ["email", "phone"], "excludes": [{"city": "Gotham"}]}
    )
    await scoring.consume(
        interaction("share"),
        interaction("newsletter_signup"),
        interaction("share"),
    )
    path = f"{await scoring.profile_path()}/scores/m/why-flipped"
    why = await scoring.get(path)
    assert (why["flipped"], why["smallest_set"], why["points_missing"]) == (False, [], 5)
    assert [(way["rule"], way["times"]) for way in why["ways"]] == [
        ("announces", 1), ("joins", 1), ("vp", 1), ("opens", 5),
    ]  # fmt: skip
    assert why["ways"][2]["text"] == "this becomes true: Decides"
    assert (why["missing"], why["excluded_by"]) == (["phone"], None)
    await scoring.consume(*(interaction("email_open") for _ in range(5)))
    reached = await scoring.get(path)
    assert (reached["flipped"], reached["missing"]) == (False, ["phone"])
    await scoring.consume(interaction("identify", traits={"city": "Gotham"}))
    assert '"Gotham"' in (await scoring.get(path))["excluded_by"]
    assert (await scoring.score_over_http())["state"] == "excluded"


async def test_why_flipped_uses_the_day_and_version_of_the_flip_despite_later_changes(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await scoring.consume(*(interaction(day=day) for day in (-2, -1, 0)))
    await scoring.let_time_pass(days=30)
    await scoring.activate_document(MARATHON | {"rules": [rule("likes", 1, when={"type": "like"})]})
    await scoring.consume(interaction(day=30), interaction("like", day=30))
    path = f"{await scoring.profile_path()}/scores/m/why-flipped"
    why = await scoring.get(path)
    assert (why["version"], why["at"], why["score"]) == (1, "2026-03-14T12:00:00Z", 30)
    assert [reason["count"] for reason in why["smallest_set"]] == [3]
    now = await scoring.get(path, at="2026-04-13")
    assert (now["version"], now["flipped"], now["score"]) == (2, False, 1)
    assert now["ways"] == [{"rule": "likes", "label": "like", "times": 24, "text": "24 more of: like"}]


async def test_after_a_retraction_why_flipped_shows_the_missing_points_and_the_ways_to_flip(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await scoring.consume(*(interaction(id=f"visit-{n}") for n in range(3)))
    path = await scoring.profile_path()
    await scoring.post(f"{path}/retractions", {"interaction": "visit-0", "reason": "a robot"})
    why = await scoring.get(f"{path}/scores/m/why-flipped")
    assert (why["flipped"], why["score"], why["points_missing"]) == (False, 20, 5)
    assert [(way["rule"], way["times"]) for way in why["ways"]] == [("visits", 1)]


async def test_after_an_unmerge_why_flipped_shows_the_flip_only_for_the_profile_that_earned_it(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    cookie = {"anonymous_id": "cookie"}
    await scoring.consume(
        *(interaction() for _ in range(3)),
        interaction("identify", known_as=cookie | {"email": "ana@example.com"}),
    )
    path = await scoring.profile_path()
    named = {"kind": "anonymous_id", "value": "cookie"}
    await scoring.post(f"{path}/unmerge", {"identities": [named], "reason": "a library"})
    await scoring.let_time_pass(days=30)
    answers = [
        await scoring.get(f"{await scoring.profile_path(*identity)}/scores/m/why-flipped")
        for identity in (("ana@example.com", "email"), ("cookie", "anonymous_id"))
    ]
    assert [(why["flipped"], why["score"]) for why in answers] == [(True, 30), (False, 0)]
    assert [why["at"][:10] for why in answers] == ["2026-03-14", "2026-04-13"]


async def test_a_score_can_be_shown_under_any_version_or_the_draft_on_any_day(
    scoring: ScoringHttpWorld,
) -> None:
    fading = rule("visits", 10, half_life="10d")
    await scoring.activate_document(MARATHON | {"rules": [fading], "stages": {"warm": 8}})
    await scoring.consume(interaction(day=-10), interaction(), interaction("like"))
    await scoring.activate_document(MARATHON | {"rules": [rule("visits", 10, window="10d")]})
    await scoring.put("/v1/models/m/draft", MARATHON | {"rules": [rule("likes", 3, when={"type": "like"})]})
    path = f"{await scoring.profile_path()}/scores/m"
    shown = {
        (version, at): ((score := await scoring.get(path, version=version, at=at))["score"], score["stage"])
        for version in ("1", "2", "draft")
        for at in ("2026-03-04", "2026-03-13T23:59:59.999Z", "2026-03-14T01:00:00+02:00", "2026-03-24")
    }
    assert shown == {
        ("1", "2026-03-04"): (10, "warm"),
        ("1", "2026-03-13T23:59:59.999Z"): (5.359, None),
        ("1", "2026-03-14T01:00:00+02:00"): (5.359, None),
        ("1", "2026-03-24"): (7.5, None),
        ("2", "2026-03-04"): (10, "aware"),
        ("2", "2026-03-13T23:59:59.999Z"): (10, "aware"),
        ("2", "2026-03-14T01:00:00+02:00"): (10, "aware"),
        ("2", "2026-03-24"): (0, None),
        ("draft", "2026-03-04"): (0, None),
        ("draft", "2026-03-13T23:59:59.999Z"): (0, None),
        ("draft", "2026-03-14T01:00:00+02:00"): (0, None),
        ("draft", "2026-03-24"): (3, None),
    }
    score = await scoring.get(path, version="1")
    assert [(day["day"], day["fade"], day["points"]) for day in score["reasons"][0]["days"]] == [
        ("2026-03-04", 0.5, 5),
        ("2026-03-14", 1, 10),
    ]
    assert (await scoring.get(path, at="2026-03-24"))["at"] == "2026-03-24T23:59:59.999999Z"


async def test_the_first_and_last_days_of_the_calendar_are_accepted(scoring: ScoringHttpWorld) -> None:
    fading = rule("leaves", -1, when={"type": "email_unsubscribe"}, half_life="10d")
    inactivity = {"after": "30d", "points": -10, "every": "30d", "floor": -30}
    await scoring.activate_document(
        MARATHON | {"rules": [*MARATHON["rules"], fading], "inactivity": inactivity}
    )
    await scoring.consume(*(interaction() for _ in range(3)), interaction("email_unsubscribe"))
    path = f"{await scoring.profile_path()}/scores/m"
    scores = {
        at: (await scoring.get(path, at=at))["score"]
        for at in ("0001-01-01", "0001-01-01T00:00:00Z", "2026-03-14", "9999-12-31", "9999-12-31T23:59:59Z")
    }
    assert list(scores.values()) == [0, 0, 29, 0, 0]
    assert (await scoring.get(path, at="9999-12-31"))["crossed_on"] == "2026-03-14"
    for at in ("0001-01-01T00:00:00+12:00", "9999-12-31T23:59:59-12:00", "10000-01-01", "2026-02-30", ""):
        assert await scoring.refusal("GET", path, params={"at": at}) == (422, "invalid", "query.at"), at
        why = await scoring.refusal("GET", f"{path}/why-flipped", params={"at": at})
        assert why == (422, "invalid", "query.at")


async def test_an_invalid_or_unknown_version_is_refused(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document()
    await scoring.consume(interaction())
    path = f"{await scoring.profile_path()}/scores"
    for version in ("0", "-1", "1.0", "", "newest", str(2**31), "9" * 30):
        refused = await scoring.refusal("GET", f"{path}/m", params={"version": version})
        assert refused == (422, "invalid", "query.version"), version
    for model, version, *expected in (
        ("m", "2", "version_unknown", "query.version"),
        ("m", "draft", "draft_unknown", "query.version"),
        ("none", "1", "model_unknown", None),
    ):
        refused = await scoring.refusal("GET", f"{path}/{model}", params={"version": version})
        assert refused == (404, *expected)
    assert await scoring.refusal("GET", f"{path}/none/why-flipped") == (404, "model_unknown", None)
