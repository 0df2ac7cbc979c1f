"""Lists, as CRM reads them: profiles by filter and score, companies, timelines, page by page."""

from typing import Any

import pytest

from tests.support.builders import interaction, rule
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld

GRADED = {
    "flip_number": 20,
    "stages": {"warm": 10, "hot": 20},
    "rules": [rule("visits", 10), rule("opens", 0.1, when={"type": "email_open"})],
    "traits": [{"id": "vp", "points": 1, "when": {"title": "VP"}}],
    "requires": ["title"],
    "excludes": [{"lifecycle": "customer"}],
}


async def names(scoring: ScoringHttpWorld, **params: Any) -> list[str]:
    """Return before the @ the e-mails of the profiles that pass, in the order in which they are listed."""
    found = (await scoring.get("/v1/profiles", **params))["items"]
    return [one["identities"][0]["value"].partition("@")[0] for one in found]


async def everybody(scoring: ScoringHttpWorld) -> None:
    """Ana qualifies, Bob lacks a title, Cy is a customer, Di has done little, Eve nothing."""
    told = {
        "ana@acme.example": {"title": "VP", "team": 7, "eu": True},
        "bob@acme.example": {"team": "7"},
        "cy@gmail.com": {"title": "VP", "lifecycle": "customer", "company": " Big Corp "},
        "di@sub.acme.example": {"title": "clerk", "hobby": "a:b"},
        "eve@gmail.com": {},
    }
    visits = {"ana": 2, "bob": 3, "cy": 2, "di": 1, "eve": 0}
    for email, traits in told.items():
        who = {"email": email}
        done = [interaction(known_as=who) for _ in range(visits[email.partition("@")[0]])]
        await scoring.consume(interaction("identify", known_as=who, traits=traits), *done)


async def test_profile_filters_can_be_combined(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document(GRADED)
    await everybody(scoring)
    by_score = {"model": "m", "sort": "-score"}
    listed = await names(scoring, **by_score)
    assert (listed[0], set(listed[1:3]), listed[3:]) == ("bob", {"ana", "cy"}, ["di", "eve"])
    expected: dict[tuple[tuple[str, str], ...], set[str]] = {
        (("min_score", "21"),): {"ana", "bob", "cy"},
        (("min_score", "21.001"),): {"bob"},
        (("stage", "warm"),): {"di"},
        (("stage", "hot"), ("company", "acme.example")): {"ana", "bob"},
        (("state", "qualified"),): {"ana"},
        (("state", "waiting_for_data"),): {"bob"},
        (("state", "excluded"),): {"cy"},
        (("state", "below"),): {"di", "eve"},
        (("grade", "A1"),): {"ana", "cy"},
        (("grade", "A1"), ("trait", "lifecycle:customer")): {"cy"},
        (("company", "big corp"),): {"cy"},
        (("company", "acme.example"), ("min_score", "-1e6"), ("stage", "warm")): {"di"},
        (("company", "sub.acme.example"),): set(),
    }
    for asked, found in expected.items():
        assert set(await names(scoring, **by_score, **dict(asked))) == found, asked


async def test_profiles_can_be_filtered_by_current_traits(scoring: ScoringHttpWorld) -> None:
    await everybody(scoring)
    await scoring.consume(
        interaction("identify", day=1, known_as={"email": "ana@acme.example"}, traits={"title": "CEO"})
    )
    scoring.clock.advance(days=1)
    for trait, found in {
        "title:VP": {"cy"},
        "title:CEO": {"ana"},
        "title:ceo": set[str](),
        "team:7": {"ana", "bob"},
        "eu:true": {"ana"},
        "hobby:a:b": {"di"},
        "email_domain:gmail.com": {"cy", "eve"},
        "email_domain:acme.example": {"ana", "bob"},
        "email_domain:sub.acme.example": {"di"},
        "company:acme.example": {"ana", "bob", "di"},
        "company:sub.acme.example": set[str](),
        "company: Big Corp ": {"cy"},
        "title:": set[str](),
        "title:%": set[str](),
        "company:%.example": set[str](),
    }.items():
        assert set(await names(scoring, trait=trait)) == found, trait


@pytest.mark.parametrize("order", [{}, {"sort": "-score", "model": "m"}])
async def test_profile_pages_stay_complete_and_in_order_while_new_profiles_arrive(
    scoring: ScoringHttpWorld, order: dict[str, str]
) -> None:
    await scoring.activate_document(MARATHON | {"flip_number": 1000, "rules": [rule("visits", 0.1)]})
    before = [{"email": f"p{n}@example.com"} for n in range(13)]
    await scoring.consume(
        *(interaction(known_as=who) for n, who in enumerate(before) for _ in range(1 + n % 3))
    )
    whole = [one["id"] for one in (await scoring.get("/v1/profiles", **order))["items"]]
    seen: list[str] = []
    newcomers = 0
    async for page in scoring.pages("/v1/profiles", limit=2, **order):
        seen += [one["id"] for one in page]
        who = {"email": f"new{newcomers}@example.com"}
        await scoring.consume(*(interaction(known_as=who) for _ in range(newcomers % 4)))
        newcomers += 1
    assert [one for one in seen if one in whole] == whole
    assert len(seen) == len(set(seen)) >= 13
    final = [one["id"] for one in (await scoring.get("/v1/profiles", **order))["items"]]
    assert [one for one in final if one in seen] == seen


async def test_a_page_emptied_by_the_trait_filter_still_has_a_next_page(
    scoring: ScoringHttpWorld,
) -> None:
    columns = [{"email": f"p{n}@example.com"} for n in range(9)]
    for day, title in ((-1, "VP"), (0, "clerk")):
        those = columns if title == "VP" else columns[1:]
        await scoring.consume(
            *(interaction("identify", day=day, known_as=who, traits={"title": title}) for who in those)
        )
    pages = [page async for page in scoring.pages("/v1/profiles", trait="title:VP", limit=2)]
    assert len(pages) == 5
    assert [one["traits"]["title"] for page in pages for one in page] == ["VP"]


async def test_companies_sum_the_scores_of_their_people_alike_on_every_database(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(GRADED)
    await everybody(scoring)
    thirds = [{"email": f"{n}@{'xyz'[n % 3]}.example"} for n in range(30)]
    await scoring.consume(
        *(interaction("email_open", known_as=who) for n, who in enumerate(thirds) for _ in range(n))
    )
    # The person who did nothing has no profile.
    expected = [
        ("acme.example", 3, 61.0, 30.0),
        ("z.example", 10, 15.5, 2.9),
        ("y.example", 10, 14.5, 2.8),
        ("x.example", 9, 13.5, 2.7),
        ("big corp", 1, 0, None),
    ]
    for sort, key in {
        "-score": lambda one: (one[3] is None, -one[2], one[0]),
        "-best": lambda one: (-(one[3] or 0), one[0]),
        "company": lambda one: one[0],
    }.items():
        paged = [
            (one["company"], one["people"], one["score"], one["best"])
            async for page in scoring.pages("/v1/companies", model="m", sort=sort, limit=1)
            for one in page
        ]
        assert paged == sorted(expected, key=key), sort


async def test_each_company_with_an_equal_score_appears_on_one_page(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document(MARATHON | {"flip_number": 1000, "rules": [rule("visits", 0.1)]})
    columns = [{"email": f"{n}@c{n % 5}.example"} for n in range(15)]
    await scoring.consume(*(interaction(known_as=who) for who in columns for _ in range(7)))
    for sort in ("-score", "-best"):
        pages = [page async for page in scoring.pages("/v1/companies", model="m", sort=sort, limit=2)]
        listed = [
            (one["company"], one["people"], one["score"], one["best"]) for page in pages for one in page
        ]
        assert listed == [(f"c{n}.example", 3, 2.1, 0.7) for n in range(5)]


async def test_companies_with_the_longest_names_are_paged_too(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document(model="m" * 64)
    columns = [{"anonymous_id": f"c{n}"} for n in range(3)]
    for n, who in enumerate(columns):
        company = f"{n}" + "🏃" * 199
        await scoring.consume(interaction("identify", known_as=who, traits={"company": company}))
        await scoring.consume(interaction(known_as=who))
    pages = [page async for page in scoring.pages("/v1/companies", model="m" * 64, limit=1)]
    assert [(len(page), len(page[0]["company"])) for page in pages] == [(1, 200)] * 3
