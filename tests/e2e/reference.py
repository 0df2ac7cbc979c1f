"""What the scores have to be, worked out from the whole set of deeds in the plainest way there is.

It shares no line with the product: one pass, no batches, no database, DESIGN.md section 4 word by word for
the few kinds of condition that the crowd's matrix has.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.e2e.crowd import Deed, Name

Person = frozenset[Name]


def scores(deeds: Iterable[Deed], matrix: Mapping[str, Any]) -> dict[Person, float]:
    """Return the score of each person, who is the set of their names."""
    distinct = {deed.id: deed for deed in deeds}.values()
    persons = _persons(distinct)
    done: dict[Person, list[Deed]] = defaultdict(list)
    for deed in distinct:
        done[persons[deed.names[0]]].append(deed)
    return {person: _score(theirs, matrix) for person, theirs in done.items()}


def _persons(deeds: Iterable[Deed]) -> dict[Name, Person]:
    """Return the person of each name: names in one deed are one person's, and so on transitively."""
    parent: dict[Name, Name] = {}

    def root(name: Name) -> Name:
        parent.setdefault(name, name)
        while parent[name] != name:
            name = parent[name]
        return name

    for deed in deeds:
        for name in deed.names:
            parent[root(name)] = root(deed.names[0])
    together: dict[Name, set[Name]] = defaultdict(set)
    for name in parent:
        together[root(name)].add(name)
    return {name: frozenset(together[root(name)]) for name in parent}


def _score(deeds: Iterable[Deed], matrix: Mapping[str, Any]) -> float:
    human = [deed for deed in deeds if deed.machine is None and deed.type != "identify"]
    return round(sum(_points(rule, human) for rule in matrix["rules"]), 3)


def _points(rule: Mapping[str, Any], deeds: Iterable[Deed]) -> float:
    limit = rule["limit"]
    used = Counter((_period(deed, limit["per"]), _by(deed, limit)) for deed in _matching(rule["when"], deeds))
    paid = sum(min(times, limit["times"]) for times in used.values())
    return min(paid * rule["points"], rule.get("cap", float("inf")))


def _matching(when: Mapping[str, Any], deeds: Iterable[Deed]) -> Iterator[Deed]:
    for deed in deeds:
        starts = {path: test["starts_with"] for path, test in when.get("where", {}).items()}
        if deed.type == when["type"] and all(
            deed.properties.get(path, "").startswith(start) for path, start in starts.items()
        ):
            yield deed


def _by(deed: Deed, limit: Mapping[str, Any]) -> str | None:
    return deed.properties.get(limit["by"]) if "by" in limit else None


def _period(deed: Deed, per: str) -> object:
    match per:
        case "day":
            return deed.day
        case "week":
            return deed.day.isocalendar()[:2]
        case "month":
            return deed.day.year, deed.day.month
        case _:
            return per
