"""Cursors and parameters of lists that are refused; the refusal names the right form."""

from base64 import urlsafe_b64encode

from shared.web.cursor import Keyset
from tests.support.builders import interaction
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld

KEYS = [
    ("a",), ("a", "b"), ("nan", "b"), ("inf", "b"), ("1e400", "b"), ("1", "\0"), ("\0",),
    ("2026-01-01T00:00:00+00:00", "\0"), ("0001-01-01T00:00:00+12:00", "b"), ("1", "2", "3", "4"),
    ("-1", "2", "b"), ("1.5", "2", "b"), ("0", "nan", "b"), ("0", "2", "\0"), ("9" * 30, "2", "b"),
]  # fmt: skip
LISTS = {
    "profiles by id": ("/v1/profiles", {}),
    "profiles of m by -score": ("/v1/profiles", {"model": "m", "sort": "-score"}),
    "profiles of other by -score": ("/v1/profiles", {"model": "other", "sort": "-score"}),
    "companies of m by -score": ("/v1/companies", {"model": "m"}),
    "companies of m by -score with the excluded": ("/v1/companies", {"model": "m", "count_excluded": "true"}),
    "companies of m by -best": ("/v1/companies", {"model": "m", "sort": "-best"}),
    "companies of m by company": ("/v1/companies", {"model": "m", "sort": "company"}),
}


async def cursors(scoring: ScoringHttpWorld) -> dict[str, str]:
    """Return the cursor that each list gives with a first page of one item."""
    await scoring.activate_document()
    await scoring.activate_document(model="other")
    await scoring.consume(interaction(), interaction(known_as={"email": "bob@other.example"}))
    return {
        of: (await scoring.get(path, limit=1, **params))["next_cursor"]
        for of, (path, params) in LISTS.items()
    }


async def test_a_cursor_of_another_list_order_or_model_is_refused(scoring: ScoringHttpWorld) -> None:
    given = await cursors(scoring)
    timeline = f"{await scoring.profile_path()}/timeline"
    refused = (400, "cursor_invalid", "cursor")
    for of, (path, params) in LISTS.items():
        for another, cursor in given.items():
            asked = params | {"cursor": cursor}
            if another == of:
                assert len((await scoring.get(path, **asked))["items"]) == 1
            else:
                assert await scoring.refusal("GET", path, params=asked) == refused, (of, another)
                assert await scoring.refusal("GET", timeline, params={"cursor": cursor}) == refused


async def test_a_forged_cursor_is_refused(scoring: ScoringHttpWorld) -> None:
    await cursors(scoring)
    timeline = f"{await scoring.profile_path()}/timeline"
    surrogate = urlsafe_b64encode(b'["profiles of m by -score","1","\\ud800"]').decode()
    nested = urlsafe_b64encode(b"[" * 200).decode()
    for of, (path, params) in {**LISTS, "timeline": (timeline, {})}.items():
        for cursor in (*(Keyset(of).write(*key) for key in KEYS), surrogate, nested):
            if cursor == Keyset(of).write("a") and of in {"profiles by id", "companies of m by company"}:
                continue
            told = await scoring.refusal("GET", path, params=params | {"cursor": cursor})
            assert told == (400, "cursor_invalid", "cursor"), (of, cursor)
        told = await scoring.refusal("GET", path, params=params | {"cursor": "x" * 1_301})
        assert told == (400, "cursor_invalid", "cursor")


ASKED_WRONGLY: list[tuple[str, dict[str, str], tuple[int, str, str | None]]] = [
    ("profiles", {"limit": "-1"}, (422, "invalid", "query.limit")),
    ("profiles", {"limit": "0"}, (422, "invalid", "query.limit")),
    ("companies", {"model": "m", "limit": "201"}, (422, "invalid", "query.limit")),
    ("profiles", {"model": "m", "min_score": "nan"}, (422, "invalid", "query.min_score")),
    ("profiles", {"model": "m", "min_score": "inf"}, (422, "invalid", "query.min_score")),
    ("profiles", {"min_score": "1"}, (400, "model_missing", "model")),
    ("profiles", {"stage": "hot"}, (400, "model_missing", "model")),
    ("profiles", {"kept_back": "true"}, (400, "model_missing", "model")),
    ("profiles", {"sort": "-score"}, (400, "model_missing", "model")),
    ("profiles", {"model": "none"}, (400, "model_unknown", "query.model")),
    ("profiles", {"model": "drafted"}, (404, "version_unknown", "query.model")),
    ("profiles", {"model": "\0"}, (422, "invalid", "query.model")),
    ("profiles", {"model": "m", "grade": "E1"}, (422, "invalid", "query.grade")),
    ("profiles", {"model": "m", "state": "lost"}, (422, "invalid", "query.state")),
    ("profiles", {"model": "m", "company": "a\0"}, (422, "invalid", "query.company")),
    ("profiles", {"trait": "title"}, (422, "invalid", "query.trait")),
    ("profiles", {"trait": ":VP"}, (422, "invalid", "query.trait")),
    ("profiles", {"trait": "title:\0"}, (422, "invalid", "query.trait")),
    ("profiles", {"model": "m", "min_scor": "10"}, (400, "parameter_unknown", "query.min_scor")),
    ("profiles/nobody/timeline", {"at": "2026-03-14"}, (400, "parameter_unknown", "query.at")),
    ("models", {"limt": "1"}, (400, "parameter_unknown", "query.limt")),
    ("models", {"cursor": "x"}, (400, "cursor_invalid", "cursor")),
    ("models/m/versions", {"limit": "0"}, (422, "invalid", "query.limit")),
    (
        "models/m/versions",
        {"cursor": Keyset("versions of other").write("1")},
        (400, "cursor_invalid", "cursor"),
    ),
    ("models/m/versions", {"cursor": Keyset("versions of m").write("-1")}, (400, "cursor_invalid", "cursor")),
    (
        "models/m/activations",
        {"cursor": Keyset("versions of m").write("1")},
        (400, "cursor_invalid", "cursor"),
    ),
    ("companies", {"model": "m", "min_score": "1"}, (400, "parameter_unknown", "query.min_score")),
    *(
        ("profiles", {"kind": "email", "value": "ana@example.com", name: told}, refused)
        for name, told in {
            "model": "m",
            "min_score": "1",
            "stage": "hot",
            "grade": "A1",
            "state": "below",
            "company": "a.example",
            "trait": "title:VP",
            "kept_back": "true",
            "sort": "-score",
            "cursor": "x",
        }.items()
        for refused in [(400, "identity_and_filter", name)]
    ),
    ("companies", {}, (422, "invalid", "query.model")),
    ("companies", {"model": "none"}, (400, "model_unknown", "query.model")),
    ("companies", {"model": "drafted"}, (404, "version_unknown", "query.model")),
    ("companies", {"model": "m", "sort": "people"}, (422, "invalid", "query.sort")),
]


async def test_an_invalid_list_request_is_refused_with_the_parameter(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document()
    await scoring.put("/v1/models/drafted/draft", MARATHON)
    for what, params, expected in ASKED_WRONGLY:
        assert await scoring.refusal("GET", f"/v1/{what}", params=params) == expected, params


async def test_a_misspelt_parameter_is_refused_with_a_suggestion(scoring: ScoringHttpWorld) -> None:
    answer = await scoring.http.get("/v1/profiles", params={"min_scor": "10", "modell": "m"})
    assert [one["message"] for one in answer.json()["errors"]] == [
        "is not known; did you mean `min_score`?",
        "is not known; did you mean `model`?",
    ]
    assert answer.json()["message"] == "query.min_scor: is not known; did you mean `min_score`?"
