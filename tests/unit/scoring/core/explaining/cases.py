"""Cases for the explanation of flips: a few rules of every kind, and the interactions of a person."""

from typing import Any

from hypothesis import strategies as st

from services.scoring.core.explaining.ways import missing
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.matrix.matrix import Matrix
from shared.events import Interaction
from tests.support.builders import interaction, rule
from tests.unit.scoring.known import TODAY, adjustment, known, ruled_by

DECIDES = {"id": "decides", "label": "Decides", "when": {"title": {"eq": "VP"}}, "points": 20}


def does(type: str, points: float, **more: Any) -> dict[str, Any]:
    """A rule with the name of the type of interaction that it counts."""
    return rule(type, points, label=type.capitalize(), when={"type": type}, **more)


def ways(rules: Matrix, *interactions: Interaction, day: int = 0) -> list[tuple[str, int]]:
    lacking = missing(known(rules, *interactions), rules, TODAY + day)
    return [(way.rule, way.times) for way in lacking.ways]


TYPES = ["like", "visit", "share", "comment"]
PRICES = st.integers(-24, 60).map(lambda eighths: eighths / 4)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Matrix, ScoreInput]:
    """Up to four rules of behaviour, two of traits and two adjustments; groups of some of the rules."""
    rules = [
        does(name, draw(PRICES), **draw(st.sampled_from([{}, {"half_life": "9d"}, {"cap": 7}])))
        for name in TYPES[: draw(st.integers(1, 4))]
    ]
    traits = [
        {"id": name, "when": {name: {"exists": True}}, "points": draw(PRICES)}
        for name in ("title", "country")[: draw(st.integers(0, 2))]
    ]
    caps = st.integers(1, 60).map(lambda quarters: quarters / 4)
    members: dict[str, list[str]] = {}
    for raw_rule in rules:
        members.setdefault(draw(st.sampled_from(["web", "mail", "none"])), []).append(raw_rule["id"])
    members.pop("none", None)
    if traits and draw(st.booleans()):
        members["person"] = [trait_rule["id"] for trait_rule in traits]
    matrix = ruled_by(
        *rules,
        traits=traits,
        groups={name: {"rules": ids, "cap": draw(caps)} for name, ids in members.items()},
        flip_number=draw(st.integers(1, 120)) / 4,
        inactivity={"after": "3d", "points": -2},
    )
    done = [
        interaction(name, day=-day) for name in TYPES for day in draw(st.lists(st.integers(0, 9), max_size=3))
    ]
    hands = [adjustment(draw(PRICES), f"hand {n}") for n in range(draw(st.integers(0, 2)))]
    names = draw(st.sets(st.sampled_from(["title", "country"])))
    known_as = [interaction("identify", traits={name: "x"}) for name in names]
    return matrix, known(matrix, *done, *hands, *known_as)
