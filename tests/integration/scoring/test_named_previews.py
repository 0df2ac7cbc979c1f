"""Previews and flip-diffs name the profiles that they are about, and mark a list that is cut."""

from typing import Any

import pytest
import sqlalchemy as sa

from services.scoring.change.flip_diff import MOVERS
from services.scoring.change.preview import EXAMPLES
from services.scoring.routes import movers
from services.scoring.store.tables import activations, identities
from shared.errors import Unavailable
from tests.support.builders import interaction, rule
from tests.support.tables import changed
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld

DRAFT = "/v1/models/m/draft"


async def columns(scoring: ScoringHttpWorld, number: int) -> None:
    """Make `number` profiles, each with its own company and one visit more than the profile before."""
    for n in range(number):
        who = {"anonymous_id": f"cookie-{n}", "email": f"p{n:02}@c{n:02}.example"}
        await scoring.consume(*(interaction(known_as=who) for _ in range(n + 1)))


def named(movers: list[Any]) -> list[tuple[str, str | None, float | None, float]]:
    return [(one["identity"]["value"], one["company"], one["before"], one["after"]) for one in movers]


async def test_a_preview_names_profiles_that_would_flip_by_score_and_counts_the_rest(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(MARATHON | {"flip_number": 1_000})
    await columns(scoring, EXAMPLES + 3)
    await scoring.put(DRAFT, MARATHON | {"rules": [rule("visits", 25)]})
    preview = await scoring.post(f"{DRAFT}/preview")
    assert named(preview["would_flip"][:2]) == [
        ("p22@c22.example", "c22.example", 230, 575),
        ("p21@c21.example", "c21.example", 220, 550),
    ]
    assert (preview["newly_flipped"], preview["moved"]) == (EXAMPLES + 3, EXAMPLES + 3)
    assert preview["cut"] == {
        "would_flip": {"shown": EXAMPLES, "of": EXAMPLES + 3},
        "biggest_movers": {"shown": MOVERS, "of": EXAMPLES + 3},
    }
    assert {one["identity"]["kind"] for one in preview["would_flip"]} == {"email"}


async def test_a_preview_names_profiles_that_would_un_flip_by_score(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(MARATHON | {"flip_number": 10})
    await columns(scoring, 3)
    await scoring.put(DRAFT, MARATHON | {"flip_number": 25})
    preview = await scoring.post(f"{DRAFT}/preview")
    assert named(preview["would_un_flip"]) == [
        ("p01@c01.example", "c01.example", 20, 20),
        ("p00@c00.example", "c00.example", 10, 10),
    ]
    assert (preview["un_flipped"], preview["moved"], preview["cut"]) == (2, 0, {})


async def test_a_preview_names_a_profile_without_a_company_and_without_an_earlier_score(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.consume(*(interaction(known_as={"anonymous_id": "cookie"}) for _ in range(3)))
    await scoring.put(DRAFT, MARATHON)
    (mover,) = (await scoring.post(f"{DRAFT}/preview"))["biggest_movers"]
    assert mover == {
        "profile_id": (await scoring.find_profile("cookie", "anonymous_id"))["id"],
        "identity": {"kind": "anonymous_id", "value": "cookie"},
        "company": None,
        "before": None,
        "after": 30,
    }


async def test_the_activation_history_stores_only_profile_ids_and_names_profiles_known_now(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(MARATHON | {"flip_number": 1_000})
    await columns(scoring, MOVERS + 1)
    activated = await scoring.activate_document(MARATHON | {"rules": [rule("visits", 1)]})
    cut = {"biggest_movers": {"shown": MOVERS, "of": MOVERS + 1}}
    assert activated["flip_diff"]["cut"] == cut
    movers = activated["flip_diff"]["biggest_movers"]
    assert named(movers[:1]) == [("p10@c10.example", "c10.example", 110, 11)]
    kept = [str(row) for row in await scoring.table_rows(activations)]
    assert not any("@" in row for row in kept)
    erase = sa.delete(identities).where(identities.c.profile_id == movers[0]["profile_id"])
    await changed(scoring.database, erase)
    history = (await scoring.get("/v1/models/m/activations"))["items"][0]["flip_diff"]
    assert history["biggest_movers"] == [movers[0] | {"identity": None, "company": None}, *movers[1:]]
    assert history["cut"] == cut


async def test_an_activation_returns_profile_ids_when_names_cannot_be_read(
    scoring: ScoringHttpWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("database_away", "The database is away.")

    await columns(scoring, 1)
    monkeypatch.setattr(movers, "name_profiles", away)
    activated = await scoring.activate_document()
    (mover,) = activated["flip_diff"]["biggest_movers"]
    assert (mover["profile_id"], mover["identity"], mover["after"]) == (
        (await scoring.find_profile("p00@c00.example"))["id"], None, 10,
    )  # fmt: skip
    assert (await scoring.get("/v1/models/m"))["active_version"] == activated["version"] == 1
