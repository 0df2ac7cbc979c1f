"""A crowd: people with several names each, and what they did, in any order."""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from shared.events import INTERACTIONS, Interaction, encode
from shared.identity import Forms, by_strength
from shared.log.port import Record
from tests.oracle.fold import lives
from tests.oracle.people import Person

FIRST_DAY = date(2026, 1, 5)
DAYS = 90
_FORMS = Forms()
MODEL = "interest"
MATRIX: dict[str, Any] = {
    "flip_number": 40,
    "rules": [
        {
            "id": "reads_pricing",
            "when": {"type": "visit", "where": {"path": {"starts_with": "/pricing"}}},
            "points": 2,
            "limit": {"times": 3, "per": "day"},
        },
        {
            "id": "reads_on",
            "when": {"type": "visit"},
            "points": 0.5,
            "limit": {"times": 2, "per": "week", "by": "path"},
            "cap": 15,
        },
        {
            "id": "downloads",
            "when": {"type": "download"},
            "points": 5,
            "limit": {"times": 1, "per": "ever", "by": "asset"},
            "cap": 20,
        },
        {"id": "clicks", "when": {"type": "email_click"}, "points": 3, "limit": {"times": 4, "per": "month"}},
        {
            "id": "signs_up",
            "when": {"type": "newsletter_signup"},
            "points": 10,
            "limit": {"times": 1, "per": "ever"},
        },
    ],
}
# The most points that one deed can give.
POINTS = {"visit": 2.5, "download": 5, "email_click": 3, "newsletter_signup": 10}
TYPES = {"visit": 50, "like": 20, "email_click": 12, "download": 10, "comment": 6, "newsletter_signup": 2}
PATHS = ("/pricing", "/pricing/teams", "/", "/blog/one", "/blog/two")
ASSETS = tuple(f"/files/{name}.pdf" for name in "abcdefgh")

Name = tuple[str, str]


@dataclass(frozen=True)
class Deed:
    """What a person did, under which names (kind, value), on which day."""

    id: str
    type: str
    names: tuple[Name, ...]
    day: date
    properties: Mapping[str, str] = field(default_factory=dict[str, str])
    machine: str | None = None

    def interaction(self) -> Interaction:
        """Return the deed as ingest would accept it."""
        at = datetime.combine(self.day, time(12), UTC)
        return Interaction(
            id=self.id,
            type=self.type,
            identities=by_strength(_FORMS.named(*name) for name in self.names),
            occurred_at=at,
            received_at=at,
            properties=dict(self.properties),
            machine=self.machine,
        )

    def record(self) -> Record:
        """Return the deed as ingest would put it on the log."""
        interaction = self.interaction()
        return Record(INTERACTIONS, interaction.identities[0].id, encode(interaction))


def defined_scores(deeds: Iterable[Deed]) -> dict[Person, float]:
    """Return the score of each person by definition, after all deeds."""
    done = lives(deed.interaction() for deed in deeds)
    last_day = FIRST_DAY.toordinal() + DAYS
    return {person: life.account(MATRIX, last_day).score for person, life in done.items()}


def crowd(seed: int, *, people: int, deeds: int) -> list[Deed]:
    """Return that many deeds, a tenth of them repeated, in no order.

    A person with several names gets less than twice the flip number. So two parts of a person cannot both
    flip before a link joins them, and a person who flips is exactly one lead, in any order of the deeds.
    """
    rng = random.Random(seed)  # noqa: S311 - not a secret
    each = deeds * 10 // 11 // people
    all_deeds = [deed for number in range(people) for deed in _life(rng, f"{seed}-{number}", each)]
    all_deeds += rng.choices(all_deeds, k=deeds - len(all_deeds))
    rng.shuffle(all_deeds)
    return all_deeds


def _life(rng: random.Random, person: str, deeds: int) -> Iterator[Deed]:
    names: list[Name] = [
        ("anonymous_id", f"cookie-{person}"),
        ("email", f"{person}@example.com"),
        ("anonymous_id", f"phone-{person}"),
        ("twitter", f"tweets-{person}"),
    ][: rng.choice((1, 1, 2, 3, 4))]
    left = 2.0 * MATRIX["flip_number"] - 0.5 if len(names) > 1 else float("inf")
    # Some people are busy and some are hardly ever seen.
    keen = rng.choice((0.2, 0.6, 1.0))
    for number in range(deeds):
        deed_id = f"{person}-{number}"
        day = FIRST_DAY + timedelta(days=rng.randrange(DAYS))
        if 0 < number < len(names):
            # Each name is linked once to an earlier name: by an identify, or by a deed under both names.
            link = rng.choice(("identify", "like"))
            yield Deed(deed_id, link, (names[number], names[rng.randrange(number)]), day)
            continue
        (done,) = rng.choices(list(TYPES), list(TYPES.values())) if rng.random() < keen else ("like",)
        machine = "crawler" if rng.random() < 0.02 else None
        if POINTS.get(done, 0) > left:
            done = "like"
        left -= POINTS.get(done, 0)
        yield Deed(deed_id, done, (rng.choice(names),), day, _properties(rng, done), machine)


def _properties(rng: random.Random, type: str) -> dict[str, str]:
    match type:
        case "visit":
            return {"path": rng.choice(PATHS)}
        case "download":
            return {"asset": rng.choice(ASSETS)}
        case _:
            return {}
