"""The score by definition (docs/scoring.md): the whole set of events, day by day, deed by deed."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from math import fsum, inf

from shared.events import Event, Interaction, Retraction
from tests.oracle.conditions import Json, met_by_interaction, met_by_traits, names_type, property_of
from tests.oracle.people import LIMITS, Person, persons
from tests.oracle.traits import EFFECTS, tellings, traits_at

# Types of touches: they are done to a person.
TOUCHES = frozenset({
    "email_sent", "email_delivered", "email_bounce", "sms_sent", "sms_delivered", "offer_sent", "call",
    "ad_view",
})  # fmt: skip


@dataclass(frozen=True)
class Given:
    """What one rule gave: it had `count` matches, and `paid` of them fell within the limit."""

    rule: str
    points: float
    count: int
    paid: int


@dataclass(frozen=True)
class Account:
    """A score at the end of a day; `exact`, `fit` and `engagement` are not rounded."""

    exact: float
    fit: float
    engagement: float
    reasons: Sequence[Given]

    @property
    def score(self) -> float:
        """The total to 0.001, half to even."""
        return round(self.exact, 3)


@dataclass(frozen=True)
class Life:
    """All that is known of a person: identities, interactions, and which interactions are retracted."""

    person: Person
    interactions: Collection[Interaction]
    retracted: Collection[str] = frozenset()

    def account(self, matrix: Json, day: int) -> Account:
        """Return the score at the end of a day (ordinal of the UTC date)."""
        deeds = [
            interaction
            for interaction in self.interactions
            if day_of(interaction) <= day and interaction.id not in self.retracted
        ]
        deeds.sort(key=day_of)
        done = [interaction for interaction in deeds if interaction.type not in {"identify", "adjustment"}]
        rules = [
            *_rules(matrix, done, day),
            *_trait_rules(matrix, traits_at(self.person, self.interactions, day, self.retracted)),
        ]
        reasons = [
            *rules,
            *_cuts(matrix, rules),
            *_inactivity(matrix, done, day),
            *_adjustments(matrix, deeds, day),
        ]
        by_traits = {rule["id"] for rule in matrix.get("traits", ())}
        by_traits |= {
            f"group:{name}"
            for name, group in matrix.get("groups", {}).items()
            if group["rules"][0] in by_traits
        }
        return Account(
            exact=fsum(reason.points for reason in reasons),
            fit=fsum(reason.points for reason in reasons if reason.rule in by_traits),
            engagement=fsum(reason.points for reason in reasons if reason.rule not in by_traits),
            reasons=reasons,
        )

    def crossed_on(self, matrix: Json, until: int) -> int | None:
        """Return the first day, up to `until`, that ends with a score which reaches the flip number.

        The first day asked is `first_day`.
        """
        for day in range(self.first_day(matrix, until), until + 1):
            if self.account(matrix, day).score >= matrix["flip_number"]:
                return day
        return None

    def first_day(self, matrix: Json, until: int) -> int:
        """Return the first day with something that the matrix reads.

        Identities have no day: for a person with nothing else up to `until` it is `until`.
        """
        known = (
            day_of(interaction) for interaction in self.interactions if self._is_read_by(matrix, interaction)
        )
        return min((day for day in known if day <= until), default=until)

    def _is_read_by(self, matrix: Json, interaction: Interaction) -> bool:
        reads_traits = any(matrix.get(reader) for reader in ("traits", "requires", "excludes"))
        if reads_traits and (
            [*tellings(interaction.traits)] or (interaction.type in EFFECTS and self._counts(interaction))
        ):
            return True
        if interaction.id in self.retracted or interaction.type == "identify":
            return False
        if interaction.type == "adjustment":
            return interaction.properties["model"] == matrix["model"]
        return bool(matrix.get("inactivity") and _is_activity(interaction)) or any(
            _matches(rule, interaction) for rule in matrix.get("rules", ())
        )

    def _counts(self, interaction: Interaction) -> bool:
        return interaction.machine is None and interaction.id not in self.retracted


def lives(events: Iterable[Event], limits: Mapping[str, int] = LIMITS) -> dict[Person, Life]:
    """Return the life of each person; a person is the set of their identities."""
    events = list(events)
    distinct = {event.id: event for event in events if isinstance(event, Interaction)}.values()
    retracted = frozenset(i for event in events if isinstance(event, Retraction) for i in event.interactions)
    person_of = persons(events, limits)
    done: dict[Person, list[Interaction]] = {person: [] for person in person_of.values()}
    for interaction in distinct:
        done[person_of[interaction.identities[0]]].append(interaction)
    return {person: Life(person, theirs, retracted) for person, theirs in done.items()}


def day_of(interaction: Interaction) -> int:
    """Return the UTC day of an interaction."""
    return interaction.occurred_at.astimezone(UTC).date().toordinal()


def _rules(matrix: Json, done: Sequence[Interaction], day: int) -> Iterator[Given]:
    for rule in matrix.get("rules", ()):
        matching = [
            interaction
            for interaction in done
            if day - day_of(interaction) < _days(rule.get("window")) and _matches(rule, interaction)
        ]
        paid = [*_within_limit(rule.get("limit"), matching)]
        points = fsum(
            rule["points"] * 2 ** (-(day - day_of(interaction)) / _days(rule.get("half_life")))
            for interaction in paid
        )
        if matching:
            yield Given(rule["id"], _clamped(points, rule.get("cap", inf)), len(matching), len(paid))


def _matches(rule: Json, interaction: Interaction) -> bool:
    by_human = interaction.machine is None
    admitted = {"exclude": by_human, "only": not by_human, "include": True}
    # A rule without types is about what people do: a touch meets a rule only if the rule names its type.
    is_read = interaction.type not in TOUCHES or names_type(rule["when"], interaction.type)
    return (
        is_read and admitted[rule.get("machine", "exclude")] and met_by_interaction(rule["when"], interaction)
    )


def _is_activity(interaction: Interaction) -> bool:
    return interaction.machine is None and interaction.type not in TOUCHES


def _within_limit(limit: Json | None, earliest_first: Iterable[Interaction]) -> Iterator[Interaction]:
    used: Counter[object] = Counter()
    for interaction in earliest_first:
        if limit is not None:
            by = property_of(interaction, limit["by"]) if "by" in limit else None
            value = json.dumps(float(by) if isinstance(by, int) else by)
            allowance = (_period(date.fromordinal(day_of(interaction)), limit["per"]), value)
            used[allowance] += 1
            if used[allowance] > limit["times"]:
                continue
        yield interaction


def _period(day: date, per: str) -> object:
    match per:
        case "day":
            return day
        case "week":
            return day.isocalendar()[:2]
        case "month":
            return day.year, day.month
        case _:
            return per


def _trait_rules(matrix: Json, traits: Json) -> Iterator[Given]:
    for rule in matrix.get("traits", ()):
        if met_by_traits(rule["when"], traits):
            yield Given(rule["id"], rule["points"], 1, 1)


def _cuts(matrix: Json, rules: Sequence[Given]) -> Iterator[Given]:
    for name, group in matrix.get("groups", {}).items():
        points = fsum(given.points for given in rules if given.rule in group["rules"])
        cut = _clamped(points, group["cap"]) - points
        if cut:
            yield Given(f"group:{name}", cut, 0, 0)


def _inactivity(matrix: Json, done: Sequence[Interaction], day: int) -> Iterator[Given]:
    inactivity = matrix.get("inactivity")
    days_active = [day_of(interaction) for interaction in done if _is_activity(interaction)]
    if not inactivity or not days_active:
        return
    silent_too_long = day - max(days_active) - _days(inactivity["after"])
    if silent_too_long >= 0:
        steps = int(1 + silent_too_long // _days(inactivity.get("every")))
        points = max(inactivity["points"] * steps, inactivity.get("floor", -inf))
        yield Given("inactivity", points, steps, steps)


def _adjustments(matrix: Json, deeds: Sequence[Interaction], day: int) -> Iterator[Given]:
    for interaction in deeds:
        if interaction.type == "adjustment" and interaction.properties["model"] == matrix["model"]:
            until = interaction.properties.get("until")
            if until is None or day <= date.fromisoformat(until).toordinal():
                yield Given("adjustment", interaction.properties["points"], 1, 1)


def _days(written: str | None) -> float:
    """Return 30 for "30d", and infinity without a value."""
    return inf if written is None else int(written.removesuffix("d"))


def _clamped(points: float, cap: float) -> float:
    return max(-cap, min(cap, points))
