"""Matrices as strategies: any few rules over a small vocabulary."""

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

MODEL = "m"
TYPES = ("visit", "download", "email_open")
TOUCH = "email_sent"
PATHS = ("/", "/pricing", "/pricing/eu")
SEATS = "seats"
PAGE_PATH = "page.path"


def quarters(least: float, most: float) -> st.SearchStrategy[float]:
    """Return multiples of 0.25; a double represents their sums exactly."""
    return st.integers(int(least * 4), int(most * 4)).map(lambda number: number / 4)


def days(most: int) -> st.SearchStrategy[str]:
    """Return a number of days as a matrix writes it."""
    return st.integers(1, most).map(lambda number: f"{number}d")


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """Return objects that have any subset of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


_path = st.one_of(
    st.sampled_from(PATHS),
    st.sampled_from(PATHS).map(lambda path: {"eq": path}),
    st.lists(st.sampled_from(PATHS), min_size=1, max_size=2).map(lambda paths: {"in": paths}),
    st.just({"starts_with": "/pricing"}),
    st.just({"contains": "eu"}),
    st.booleans().map(lambda expected: {"exists": expected}),
)
_number = st.integers(1, 4)
_seats = st.one_of(
    _number,
    st.dictionaries(st.sampled_from(["gt", "gte", "lt", "lte"]), _number, min_size=1, max_size=2),
    st.tuples(_number, _number).map(lambda bounds: {"between": sorted(bounds)}),
)
_asset = st.one_of(
    st.just({"contains": "guide"}),
    st.just({"matches_any": ["PDF", "slides"]}),
    st.sampled_from(["maratón", "MARATON", "año", "ano"]).map(lambda part: {"matches_any": [part]}),
    st.just({"glob": "*.[pd]*"}),
    st.booleans().map(lambda expected: {"missing": expected}),
)
_type = st.one_of(
    st.sampled_from([*TYPES, TOUCH]), st.permutations([*TYPES, TOUCH]).map(lambda types: types[:2])
)
_matches = st.one_of(
    st.fixed_dictionaries({"type": _type}, optional={"where": optional(path=_path, asset=_asset)}),
    st.fixed_dictionaries({"where": st.fixed_dictionaries({"path": _path})}),
    st.fixed_dictionaries({"where": st.fixed_dictionaries({SEATS: _seats})}),
    st.fixed_dictionaries({"where": st.fixed_dictionaries({PAGE_PATH: _path})}),
)


def _joined(parts: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    few = st.lists(parts, min_size=1, max_size=2)
    return st.one_of(
        few.map(lambda parts: {"all": parts}),
        few.map(lambda parts: {"any": parts}),
        parts.map(lambda part: {"not": part}),
    )


conditions = st.one_of(
    _type.map(lambda type_: {"type": type_}),
    _matches,
    _joined(_matches),
    _joined(_matches | _joined(_matches)),
)
trait_conditions = st.sampled_from(
    [
        {"title": {"matches_any": ["vp", "director"]}},
        {"title": {"missing": False}, "lifecycle": {"missing": True}},
        {"jobTitle": {"exists": True}, "title": {"matches_any": ["DIRÉCTOR"]}},
        {"company.name": {"missing": True}},
        {"companyName": "Acme"},
        {"company": {"missing": True}},
        {"company": "acme.example"},
        {"company": {"exists": True}},
        {"email_domain": {"in": ["acme.example", "gmail.com"]}},
        {"email_domain": {"eq": "gmail.com"}},
        {"user_id": "1"},
        {"lifecycle": {"eq": "customer"}},
        {"not": {"lifecycle": {"in": ["lead", "customer"]}}},
        {"any": [{"lifecycle": "lead"}, {"title": {"contains": "Sales"}}]},
        {"all": [{"not": {"any": [{"title": "Intern"}, {"seats": {"lt": 2}}]}}, {"seats": {"exists": True}}]},
    ]
)


_limit = st.fixed_dictionaries(
    {"times": st.integers(1, 3), "per": st.sampled_from(["day", "week", "month", "ever"])},
    optional={"by": st.sampled_from(["path", "asset", "campaign", SEATS])},
)
_age = st.one_of(
    st.just({}),
    days(40).map(lambda window: {"window": window}),
    days(40).map(lambda half_life: {"half_life": half_life}),
)
_rule = st.builds(
    lambda rule, age: rule | age,
    st.fixed_dictionaries(
        {"when": conditions, "points": quarters(-5, 15)},
        optional={
            "limit": _limit,
            "cap": quarters(0.25, 20),
            "machine": st.sampled_from(["exclude", "include", "only"]),
        },
    ),
    _age,
)
_inactivity = st.builds(
    lambda given, below: given | ({"floor": given["points"] - below} if below is not None else {}),
    st.fixed_dictionaries({"after": days(30), "points": quarters(-10, -0.25)}, optional={"every": days(20)}),
    st.none() | quarters(0, 1) | quarters(0, 20),
)


_steps = st.lists(quarters(-5, 20), min_size=3, max_size=3, unique=True).map(
    lambda steps: sorted(steps)[::-1]
)
_hand_off = optional(
    requires=st.lists(
        st.sampled_from(["title", "company", "email", "jobTitle", "company.name"]), min_size=1, max_size=2
    ),
    excludes=st.lists(trait_conditions, min_size=1, max_size=2),
    stages=st.fixed_dictionaries({"aware": quarters(-5, 10), "ready": quarters(0, 30)}),
    grades=st.fixed_dictionaries({"fit": _steps, "engagement": _steps}),
)


@st.composite
def matrices(draw: st.DrawFn) -> Json:
    """Draw a matrix of 1 to 5 rules; where none has a half-life, scores are exact multiples of 0.25."""
    rules = draw(st.lists(_rule, min_size=1, max_size=5))
    trait_rule = st.fixed_dictionaries({"when": trait_conditions, "points": quarters(-10, 15)})
    traits = draw(st.lists(trait_rule, max_size=2))
    matrix: Json = {
        "model": MODEL,
        "flip_number": draw(st.integers(1, 30)),
        "rules": [{"id": f"rule_{n}", **rule} for n, rule in enumerate(rules)],
        "traits": [{"id": f"trait_{n}", **rule} for n, rule in enumerate(traits)],
        "groups": {},
    }
    for section in draw(st.sets(st.sampled_from(["rules", "traits"]))):
        ids = [rule["id"] for rule in matrix[section]]
        if ids:
            grouped = draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
            matrix["groups"][f"of_{section}"] = {"rules": grouped, "cap": draw(quarters(0.25, 20))}
    if draw(st.booleans()):
        matrix["inactivity"] = draw(_inactivity)
    return matrix | draw(_hand_off)
