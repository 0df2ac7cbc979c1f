"""Why a profile is a lead or not: in words and as a status, also for a model that has ended."""

from typing import Any

import sqlalchemy as sa

from services.scoring.store.tables import models
from tests.support.builders import interaction, rule
from tests.support.tables import changed
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld


async def why(scoring: ScoringHttpWorld, value: str = "ana@example.com", **params: Any) -> Any:
    kind = "email" if "@" in value else "anonymous_id"
    return await scoring.get(f"{await scoring.profile_path(value, kind)}/scores/m/why-flipped", **params)


def told(answer: Any) -> tuple[str, bool, str]:
    return answer["status"], answer["flipped"], answer["state"]


async def visited(scoring: ScoringHttpWorld, times: int = 3, **traits: Any) -> None:
    await scoring.consume(*(interaction(traits=traits) for _ in range(times)))


async def test_a_lead_is_explained_with_its_cycle_its_score_and_the_day_of_the_next_cycle(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(MARATHON | {"requalify_after": "90d"})
    await visited(scoring)
    answer = await why(scoring)
    assert told(answer) == ("lead", True, "qualified")
    hand_off = answer["hand_off"]
    assert (hand_off["cycle"], hand_off["version"], hand_off["kept_back"]) == (1, 1, False)
    assert (hand_off["lead_id"][:5], hand_off["next_from"]) == ("lead_", "2026-06-12")
    assert answer["without"] == {"smallest_set": 30, "others": 0, "changes": [], "score": 0}
    assert [(line["rule"], line["points"], line["in_smallest_set"]) for line in answer["lines"]] == [
        ("visits", 30, True)
    ]
    assert answer["summary"] == (
        "This profile became a lead of m on 2026-03-14 under version 1 (cycle 1). "
        "The score is 30 at the end of 2026-03-14, and the flip number is 25. “Visits the shop” gives 30 "
        "points. Without it the score would be 0, below the flip number. "
        "It can become a lead again from 2026-06-12 on (`requalify_after`)."
    )


async def test_an_excluded_profile_has_not_flipped_and_the_summary_names_the_exclusion(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(MARATHON | {"excludes": [{"email_domain": "example.com"}]})
    await visited(scoring)
    answer = await why(scoring)
    assert told(answer) == ("excluded", False, "excluded")
    assert (answer["hand_off"], answer["crossed_on"], answer["ways"]) == (None, "2026-03-14", [])
    for part in ("is no lead of m on 2026-03-14", 'keeps it from sales: email_domain is "example.com".'):
        assert part in answer["summary"]
    below = (await why(scoring, at="2026-03-13"))["summary"]
    assert "keeps it from sales, whatever the score" in below
    assert "would do" not in below


async def test_a_profile_without_required_data_has_not_flipped_and_the_summary_names_the_traits(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(MARATHON | {"requires": ["phone", "email", "title"]})
    await visited(scoring)
    answer = await why(scoring)
    assert told(answer) == ("waiting_for_data", False, "waiting_for_data")
    assert "Sales gets it only when `phone`, `title` are known." in answer["summary"]
    assert [one["rule"] for one in answer["smallest_set"]] == ["visits"]


async def test_a_kept_back_profile_has_flipped_and_has_no_lead(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document(MARATHON | {"flip_number": 100})
    await visited(scoring)
    await scoring.activate_document(handoff="none")
    answer = await why(scoring)
    assert told(answer) == ("kept_back", True, "qualified")
    assert (answer["hand_off"]["lead_id"], answer["hand_off"]["kept_back"]) == (None, True)
    assert "the activation of that version kept it from sales" in answer["summary"]
    await scoring.activate_document(MARATHON | {"flip_number": 20}, handoff="all")
    assert told(await why(scoring)) == ("lead", True, "qualified")


async def test_a_profile_newly_qualified_by_an_activation_waits_for_a_human_interaction(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(MARATHON | {"flip_number": 100})
    await visited(scoring)
    await scoring.activate_document(handoff="new_activity_only")
    answer = await why(scoring)
    assert told(answer) == ("waiting_for_activity", True, "qualified")
    assert "becomes a lead with the next thing that it does" in answer["summary"]
    await visited(scoring, 1)
    assert told(await why(scoring)) == ("lead", True, "qualified")


async def test_why_flipped_explains_a_draft_and_a_past_day(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await scoring.consume(interaction(day=-2), *(interaction() for _ in range(2)))
    likes = MARATHON | {"rules": [rule("likes", 1, when={"type": "like"})]}
    await scoring.put("/v1/models/m/draft", likes)
    before = await why(scoring, at="2026-03-13")
    assert (told(before), before["hand_off"], before["score"]) == (("below", False, "below"), None, 10)
    assert (before["points_missing"], [way["times"] for way in before["ways"]]) == (15, [2])
    assert "2 more of “Visits the shop” would do." in before["summary"]
    drafted = await why(scoring, version="draft")
    assert (told(drafted), drafted["version"]) == (("below", False, "below"), 2)
    assert "is no lead of m on 2026-03-14 under the draft" in drafted["summary"]
    assert "It became a lead on 2026-03-14 under version 1 (cycle 1)." in drafted["summary"]
    await scoring.put("/v1/models/m/draft", MARATHON | {"flip_number": 5})
    assert told(await why(scoring, version="draft")) == ("lead", True, "qualified")
    await scoring.consume(interaction(known_as={"email": "bob@example.com"}))
    bob = await why(scoring, "bob@example.com", version="draft")
    assert told(bob) == ("qualified", True, "qualified")
    assert "Under the draft this profile would be a lead of m on 2026-03-14." in bob["summary"]
    path = await scoring.profile_path()
    for version in ("0", "new", "1.0"):
        refused = await scoring.refusal("GET", f"{path}/scores/m/why-flipped", params={"version": version})
        assert refused == (422, "invalid", "query.version")


async def test_after_an_unmerge_the_summary_says_that_the_flip_belongs_to_other_identities(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    both = {"anonymous_id": "cookie", "email": "ana@example.com"}
    await scoring.consume(*(interaction() for _ in range(3)), interaction("identify", known_as=both))
    apart = [{"kind": "anonymous_id", "value": "cookie"}]
    await scoring.post(
        f"{await scoring.profile_path()}/unmerge", {"identities": apart, "reason": "a library"}
    )
    assert told(await why(scoring)) == ("lead", True, "qualified")
    cookie = await why(scoring, "cookie")
    assert (told(cookie), cookie["hand_off"]) == (("below", False, "below"), None)
    assert "The flip of 2026-03-14 is that of other identities" in cookie["summary"]


async def test_a_profile_excluded_later_on_the_day_of_its_flip_has_flipped(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(MARATHON | {"excludes": [{"lifecycle": "customer"}]})
    await visited(scoring)
    await scoring.consume(interaction("identify", traits={"lifecycle": "customer"}))
    answer = await why(scoring)
    assert told(answer) == ("lead", True, "excluded")
    assert 'By the end of that day an exclusion held: lifecycle is "customer".' in answer["summary"]
    assert told(await why(scoring, at="2026-03-15")) == ("excluded", False, "excluded")


async def test_the_summary_says_when_a_lead_would_not_flip_by_current_counts(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await scoring.consume(*(interaction(id=f"visit-{n}") for n in range(3)))
    retraction = {"interaction": "visit-0", "reason": "a robot"}
    await scoring.post(f"{await scoring.profile_path()}/retractions", retraction)
    answer = await why(scoring)
    assert told(answer) == ("lead", False, "below")
    assert "by what counts now: 5 points fewer than the flip number 25." in answer["summary"]


async def test_a_model_that_no_longer_scores_is_explained_by_its_last_version(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await scoring.activate_document(MARATHON | {"flip_number": 40})
    await visited(scoring)
    await changed(scoring.database, sa.update(models).values(active_version=None))
    answer = await why(scoring)
    assert (told(answer), answer["version"]) == (("below", False, "below"), 2)
    assert "under version 2, which does not score now." in answer["summary"]
    score = await scoring.refusal("GET", f"{await scoring.profile_path()}/scores/m")
    assert score == (404, "version_unknown", None)
    assert told(await why(scoring, version="1")) == ("qualified", True, "qualified")


async def test_only_five_of_sixteen_ways_to_flip_are_listed_and_the_rest_is_counted(
    scoring: ScoringHttpWorld,
) -> None:
    rules = [rule(f"r{n:02}", 1, label=f"R{n:02}", when={"type": f"t{n}"}) for n in range(16)]
    sends = rule("mails", 5, when={"type": ["email_sent", "email_delivered"]})
    await scoring.activate_document(MARATHON | {"flip_number": 1.5, "rules": [*rules, sends]})
    await scoring.consume(interaction("t7"))
    columns = [{"email": f"p{n}@example.com"} for n in range(3)]
    await scoring.consume(*(interaction(kind, known_as=who) for who in columns for kind in ("t3", "t9")))
    answer = await why(scoring)
    assert (answer["points_missing"], answer["more_ways"]) == (0.5, 11)
    assert [way["rule"] for way in answer["ways"]] == ["r07", "r03", "r09", "r00", "r01"]
    assert "One more of “R07”, “R03”, “R09”, “R00” or “R01” would do. 11 more rules" in answer["summary"]


async def test_a_reason_notes_the_effect_of_limit_and_cap(scoring: ScoringHttpWorld) -> None:
    limited = rule("visits", 10, label="Visits", limit={"times": 2, "per": "day"}, cap=15)
    await scoring.activate_document(MARATHON | {"rules": [limited, rule("likes", 30, when={"type": "like"})]})
    await visited(scoring)
    (reason,) = (await scoring.get(f"{await scoring.profile_path()}/scores/m"))["reasons"]
    assert reason["note"] == "the limit lets 2 of 3 times be paid; the cap holds 20 points to 15"
