"""Worlds for properties to hold in: any matrix, and any events that a small town could bring forth."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from shared.events import Interaction, Retraction, Separation
from shared.identity import Identity

Json = dict[str, Any]

FIRST_DAY = date(2026, 1, 5)
DAYS = 60
MODEL = "m"

# The strongest kind first, as an interaction has them.
TOWN = (
    Identity("user_id", "1"),
    Identity("user_id", "2"),
    Identity("email", "ana@acme.example"),
    Identity("email", "ana@gmail.com"),
    Identity("email", "bob@globex.example"),
    Identity("anonymous_id", "laptop"),
    Identity("anonymous_id", "library"),
    Identity("anonymous_id", "telephone"),
)
TYPES = ("visit", "download", "email_open")
# Nobody has a rule for it, but somebody who likes is not inactive.
UNPRICED = "like"
PATHS = ("/", "/pricing", "/pricing/eu")
ASSETS = ("guide.pdf", "guide.doc")
TRAITS: dict[str, tuple[str | None, ...]] = {
    "title": ("VP Sales", "Director", "Intern", None),
    "company": ("Acme", None),
    "lifecycle": ("lead", "customer", None),
}


class World(NamedTuple):
    """A matrix, what was told on its topic, and the day (ordinal) that is asked about."""

    matrix: Json
    events: tuple[Interaction | Retraction | Separation, ...]
    day: int


def quarters(least: float, most: float) -> st.SearchStrategy[float]:
    """Return multiples of 0.25, whose sums a double holds exactly."""
    return st.integers(int(least * 4), int(most * 4)).map(lambda number: number / 4)


def days(most: int) -> st.SearchStrategy[str]:
    """Return a number of days as a matrix has it."""
    return st.integers(1, most).map(lambda number: f"{number}d")


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """Return objects that have any of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


_path = st.one_of(
    st.sampled_from(PATHS),
    st.sampled_from(PATHS).map(lambda path: {"eq": path}),
    st.lists(st.sampled_from(PATHS), min_size=1, max_size=2).map(lambda paths: {"in": paths}),
    st.just({"starts_with": "/pricing"}),
    st.just({"contains": "eu"}),
    st.booleans().map(lambda wanted: {"exists": wanted}),
)
_asset = st.one_of(
    st.just({"contains": "guide"}),
    st.just({"matches_any": ["PDF", "slides"]}),
    st.booleans().map(lambda wanted: {"missing": wanted}),
)
_type = st.one_of(st.sampled_from(TYPES), st.permutations(TYPES).map(lambda types: types[:2]))
_matches = st.one_of(
    st.fixed_dictionaries({"type": _type}, optional={"where": optional(path=_path, asset=_asset)}),
    st.fixed_dictionaries({"where": st.fixed_dictionaries({"path": _path})}),
)
conditions = st.one_of(
    _type.map(lambda type_: {"type": type_}),
    _matches,
    st.lists(_matches, min_size=1, max_size=2).map(lambda parts: {"all": parts}),
    st.lists(_matches, min_size=1, max_size=2).map(lambda parts: {"any": parts}),
    _matches.map(lambda part: {"not": part}),
)
trait_conditions = st.sampled_from(
    [
        {"title": {"matches_any": ["vp", "director"]}},
        {"title": {"missing": False}, "lifecycle": {"missing": True}},
        {"company": {"missing": True}},
        {"company": "acme.example"},
        {"company": {"exists": True}},
        {"email_domain": {"in": ["acme.example", "gmail.com"]}},
        {"email_domain": {"eq": "gmail.com"}},
        {"user_id": "1"},
        {"lifecycle": {"eq": "customer"}},
        {"not": {"lifecycle": {"in": ["lead", "customer"]}}},
        {"any": [{"lifecycle": "lead"}, {"title": {"contains": "Sales"}}]},
    ]
)


def _rules(fading: bool) -> st.SearchStrategy[Json]:
    limit = st.fixed_dictionaries(
        {"times": st.integers(1, 3), "per": st.sampled_from(["day", "week", "month", "ever"])},
        optional={"by": st.sampled_from(["path", "asset", "campaign"])},
    )
    ages = [st.just({}), days(40).map(lambda window: {"window": window})]
    if fading:
        ages.append(days(40).map(lambda half_life: {"half_life": half_life}))
    rule = st.fixed_dictionaries(
        {"when": conditions, "points": quarters(-5, 15)},
        optional={
            "limit": limit,
            "cap": quarters(0.25, 20),
            "machine": st.sampled_from(["exclude", "include", "only"]),
        },
    )
    return st.builds(lambda one, age: one | age, rule, st.one_of(ages))


_inactivity = st.builds(
    lambda given, below: given | ({"floor": given["points"] - below} if below is not None else {}),
    st.fixed_dictionaries({"after": days(30), "points": quarters(-10, -0.25)}, optional={"every": days(20)}),
    st.none() | quarters(0, 20),
)


@st.composite
def matrices(draw: st.DrawFn, *, fading: bool = True) -> Json:
    """Draw a matrix of 1 to 5 rules; without `fading` its scores are exact multiples of 0.25."""
    rules = draw(st.lists(_rules(fading), min_size=1, max_size=5))
    trait_rule = st.fixed_dictionaries({"when": trait_conditions, "points": quarters(-10, 15)})
    traits = draw(st.lists(trait_rule, max_size=2))
    matrix: Json = {
        "model": MODEL,
        "flip_number": draw(st.integers(1, 30)),
        "rules": [{"id": f"rule_{n}", **rule} for n, rule in enumerate(rules)],
        "traits": [{"id": f"trait_{n}", **rule} for n, rule in enumerate(traits)],
        "groups": {},
    }
    for place in draw(st.sets(st.sampled_from(["rules", "traits"]))):
        ids = [rule["id"] for rule in matrix[place]]
        if ids:
            grouped = draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
            matrix["groups"][f"of_{place}"] = {"rules": grouped, "cap": draw(quarters(0.25, 20))}
    if draw(st.booleans()):
        matrix["inactivity"] = draw(_inactivity)
    return matrix


# Midnight and the last instant of a day are where days could be told apart wrongly, noon makes for ties.
_instants = st.builds(
    lambda day, at: datetime.combine(FIRST_DAY + timedelta(days=day), at, UTC),
    # One busy week, in which limits are used up.
    st.integers(0, DAYS - 1) | st.integers(10, 17),
    st.sampled_from([time(12), time(0), time(23, 59, 59, 999_999)]),
)
# Most know one name of theirs only; else everybody would be linked to everybody.
_names = (
    st.sampled_from([1, 1, 1, 1, 2, 2, 3])
    .flatmap(lambda many: st.lists(st.sampled_from(TOWN), min_size=many, max_size=many, unique=True))
    .map(lambda names: tuple(sorted(names, key=TOWN.index)))
)
_traits = st.fixed_dictionaries({}, optional={name: st.sampled_from(told) for name, told in TRAITS.items()})


def _adjustments(made_on: date) -> st.SearchStrategy[Json]:
    until = st.integers(0, DAYS).map(lambda days_: (made_on + timedelta(days=days_)).isoformat())
    return st.fixed_dictionaries(
        {
            "model": st.sampled_from([MODEL, MODEL, MODEL, "other"]),
            "points": quarters(-10, 10),
            "reason": st.sampled_from(["met at the fair", "a competitor"]),
            "author": st.just("Olga"),
        },
        optional={"until": until},
    )


@st.composite
def interactions(draw: st.DrawFn, number: int) -> Interaction:
    """Draw what somebody did; the number makes its id."""
    at = draw(_instants)
    kind = draw(st.sampled_from([*TYPES, *TYPES, *TYPES, UNPRICED, "identify", "adjustment"]))
    more: Json = {}
    if kind == "adjustment":
        more["properties"] = draw(_adjustments(at.date()))
    elif kind == "identify":
        more["traits"] = draw(_traits)
    else:
        more["properties"] = draw(
            optional(path=st.sampled_from([*PATHS, None]), asset=st.sampled_from([*ASSETS, None]))
        )
        more["campaign"] = draw(st.sampled_from([None, "spring"]))
        more["traits"] = draw(st.just({}) | _traits)
    if kind != "adjustment":
        more["machine"] = draw(st.sampled_from([None, None, None, "crawler"]))
    return Interaction(
        id=f"event-{number}", type=kind, identities=draw(_names), occurred_at=at, received_at=at, **more
    )


@st.composite
def histories(draw: st.DrawFn, *, most: int = 25) -> tuple[Interaction | Retraction | Separation, ...]:
    """Draw what is told on the topic: 1 to `most` interactions, and what corrects them."""
    numbers = range(draw(st.integers(1, most) | st.integers(most // 2, most)))
    done = [draw(interactions(number)) for number in numbers]
    told: list[Interaction | Retraction | Separation] = [*done]
    # One id more than there are: a retraction may be of what never comes.
    wrong = draw(st.lists(st.integers(0, len(done)), max_size=4, unique=True))
    by_identity: dict[Identity, list[str]] = {}
    for number in wrong:
        identity = done[number].identities[0] if number < len(done) else TOWN[0]
        by_identity.setdefault(identity, []).append(f"event-{number}")
    for identity, ids in by_identity.items():
        told.append(
            Retraction(
                id=f"retraction-{identity.value}",
                identity=identity,
                interactions=tuple(ids),
                reason="a crawler",
                author="Olga",
                retracted_at=_CORRECTED_AT,
            )
        )
    if draw(st.booleans()):
        apart = draw(st.lists(st.sampled_from(TOWN), min_size=2, max_size=4, unique=True))
        split = draw(st.integers(1, len(apart) - 1))
        told.append(
            Separation(
                id="separation",
                identities=tuple(apart[:split]),
                others=tuple(apart[split:]),
                reason="two people",
                author="Olga",
                separated_at=_CORRECTED_AT,
            )
        )
    return tuple(told)


_CORRECTED_AT = datetime.combine(FIRST_DAY + timedelta(days=DAYS), time(12), UTC)


def asked() -> st.SearchStrategy[int]:
    """Return days to ask about: mostly within what happens, also before and long after."""
    first = FIRST_DAY.toordinal()
    return st.integers(first - 2, first + 2 * DAYS) | st.integers(first + DAYS // 2, first + 2 * DAYS)


def worlds(*, fading: bool = True, most: int = 25) -> st.SearchStrategy[World]:
    """Return matrices with histories and a day."""
    return st.builds(World, matrices(fading=fading), histories(most=most), asked())
