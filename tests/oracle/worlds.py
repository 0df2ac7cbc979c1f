"""Worlds to test properties in: any matrix, and any events that the people of a small town could cause."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from shared.events import Interaction, Retraction, Separation
from shared.identity import Identity
from tests.oracle.matrices import MODEL, PATHS, TOUCH, TYPES, Json, matrices, optional, quarters

FIRST_DAY = date(2026, 1, 5)
DAYS = 60
# Limits are used up around the end of a week, and around the end of January, a Saturday.
BUSY_DAYS = (12, 13, 14, 26, 27, 28)

# The strongest kind first, in the order of an interaction's identities.
TOWN = (
    Identity("user_id", "1"),
    Identity("user_id", "2"),
    Identity("email", "ana@acme.example"),
    Identity("email", "ana@gmail.com"),
    Identity("email", "bob@globex.example"),
    Identity("former_user_id", "1"),
    Identity("anonymous_id", "laptop"),
    Identity("anonymous_id", "library"),
    Identity("anonymous_id", "telephone"),
)
# No rule prices it, but it is a human interaction, so it ends inactivity.
UNPRICED = "like"
# No rule prices it either, but its effect makes the person a customer.
EFFECTIVE = "purchase"
ASSETS = ("guide.pdf", "guide.doc", "Maratón en España", "maraton", "Guía año", "GUIA ANO")
# 1 and 1.0: trackers write the same number in two ways.
NUMBERS = (1, 1.0, 2.5)
TRAITS: dict[str, tuple[str | float | None, ...]] = {
    "seats": (1, 2.5, "", None),
    "title": ("VP Sales", "Director", "Intern", " ", None),
    "company": ("Acme", None),
    "lifecycle": ("lead", "customer", None),
}

# The same traits under other names, or within an object.
OTHER_SPELLINGS: dict[str, tuple[Any, ...]] = {
    "jobTitle": ("Director", "", [], None),
    "companyName": ("Acme", "\u200b", None),
    "company": ({"name": "Acme", "id": 7}, {"id": 7}, {"name": " "}, {}, {"name": None}, ["", None]),
}


class DrawnWorld(NamedTuple):
    """A matrix, the events on its topic, and the day (ordinal) of the score."""

    matrix: Json
    events: tuple[Interaction | Retraction | Separation, ...]
    day: int


# Many events are at one instant of a Sunday, so that ids have to break ties. The rest is on any day: at noon,
# or at the first or last instant, where an error would put them on the wrong day.
_instants = st.one_of(
    st.just(datetime.combine(FIRST_DAY + timedelta(days=13), time(20), UTC)),
    st.builds(
        lambda day, at: datetime.combine(FIRST_DAY + timedelta(days=day), at, UTC),
        st.integers(0, DAYS - 1) | st.sampled_from(BUSY_DAYS),
        st.sampled_from([time(12), time(0), time(23, 59, 59, 999_999)]),
    ),
)
# Most interactions have one identity; otherwise all identities would be linked to each other.
_names = (
    st.sampled_from([1, 1, 1, 1, 2, 2, 3])
    .flatmap(lambda many: st.lists(st.sampled_from(TOWN), min_size=many, max_size=many, unique=True))
    .map(lambda names: tuple(sorted(names, key=TOWN.index)))
)
_traits = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from([*TRAITS.get(name, ()), *OTHER_SPELLINGS.get(name, ())])
        for name in TRAITS | OTHER_SPELLINGS
    },
)


def _adjustments(made_on: date) -> st.SearchStrategy[Json]:
    until = st.integers(-5, DAYS).map(lambda days_: (made_on + timedelta(days=days_)).isoformat())
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
    """Draw an interaction; the number makes its id."""
    at = draw(_instants)
    kind = draw(
        st.sampled_from([*TYPES, *TYPES, *TYPES, TOUCH, UNPRICED, EFFECTIVE, "identify", "adjustment"])
    )
    more: Json = {}
    if kind == "adjustment":
        more["properties"] = draw(_adjustments(at.date()))
    elif kind == "identify":
        more["traits"] = draw(_traits)
    else:
        more["properties"] = draw(
            optional(
                path=st.sampled_from([*PATHS, " ", None]),
                asset=st.sampled_from([*ASSETS, "", [], None]),
                seats=st.sampled_from(NUMBERS),
                page=optional(path=st.sampled_from(PATHS)),
            )
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
    """Draw the events of the topic: 1 to `most` interactions, and what corrects them."""
    numbers = range(draw(st.integers(1, most) | st.integers(most // 2, most)))
    done = [draw(interactions(number)) for number in numbers]
    events: list[Interaction | Retraction | Separation] = [*done]
    # One id more than there are interactions: a retraction may name an interaction that never comes.
    wrong = draw(st.lists(st.integers(0, len(done)), max_size=4, unique=True))
    by_identity: dict[Identity, list[str]] = {}
    for number in wrong:
        identity = done[number].identities[0] if number < len(done) else TOWN[0]
        by_identity.setdefault(identity, []).append(f"event-{number}")
    for identity, ids in by_identity.items():
        events.append(
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
        # Most of the identities to separate were linked by an interaction.
        linked = [interaction.identities for interaction in done if len(interaction.identities) > 1]
        among = draw(st.sampled_from([TOWN, *linked]))
        apart = draw(st.lists(st.sampled_from(among), min_size=2, max_size=4, unique=True))
        split = draw(st.integers(1, len(apart) - 1))
        events.append(
            Separation(
                id="separation",
                identities=tuple(apart[:split]),
                others=tuple(apart[split:]),
                reason="two people",
                author="Olga",
                separated_at=_CORRECTED_AT,
            )
        )
    return tuple(events)


_CORRECTED_AT = datetime.combine(FIRST_DAY + timedelta(days=DAYS), time(12), UTC)


def scoring_days() -> st.SearchStrategy[int]:
    """Return days to score on: mostly during the events, also before and long after them."""
    first = FIRST_DAY.toordinal()
    return st.integers(first - 2, first + 2 * DAYS) | st.integers(first + DAYS // 2, first + 2 * DAYS)


def worlds(*, most: int = 25) -> st.SearchStrategy[DrawnWorld]:
    """Return matrices with histories and a day."""
    return st.builds(DrawnWorld, matrices(), histories(most=most), scoring_days())
