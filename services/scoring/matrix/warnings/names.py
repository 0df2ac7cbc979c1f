"""Names of types, properties and traits that never came.

While no name of a kind has come, a warning needs a known name that differs by a single slip of the hand:
a new instance has not seen the names that its trackers will send.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final, NamedTuple

from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.paths import Placed, Test, conditions, tests, types
from services.scoring.matrix.seen_names import MAX_PARTS, SeenNames
from services.scoring.matrix.warnings import known_names as known
from services.scoring.matrix.warnings.nearest import Nearest
from services.scoring.matrix.warnings.presence import needs_something
from services.scoring.matrix.warnings.warning import MatrixWarning, Unmet
from shared.identity import KIND_PATTERN
from shared.known_traits import KNOWN_TRAITS, canonical, objects_with, sources
from shared.operators.operator import JsonTypes
from shared.type_names import SEGMENT_TYPES, snake_case, type_of
from shared.vocabulary import NEVER_COUNTED

_MAX_SHOWN: Final = 5
# Prefixes that users write in front of a name, because the JSON of an event has them.
_ABOVE: Final = ("properties.", "traits.", "context.")


class _Unseen(NamedTuple):
    message: str
    seen: tuple[str, ...]
    suggestion: str | None


class _Names:
    """Names of a kind: those that came and those that may be meant, and the message for one that never came.

    `never` and `cut` are sentences with {} for the name; `cut` is for a kind whose names were not all stored.
    `ours` returns the name under which a name is stored.
    """

    def __init__(
        self,
        never: str,
        cut: str | None,
        came: Collection[str],
        known: Collection[str],
        ours: Callable[[str], str] = str,
    ) -> None:
        self._sentence = cut or never
        self._is_young = not came
        # Any holder of a write key can invent names, and what ops see must not control their terminal.
        self._came = sorted(name for name in came if name.isprintable())
        self._nearest = Nearest([*self._came, *known])
        self._known = {*came, *known}
        self._ours = ours
        self._cache: dict[str, _Unseen | None] = {}

    def never_came(self, name: str, hint: str = "") -> _Unseen | None:
        """Return the warning for a name that never came; None if a new instance may yet see the name."""
        if name not in self._cache:
            self._cache[name] = self._describe(name, hint)
        return self._cache[name]

    def _describe(self, name: str, hint: str) -> _Unseen | None:
        meant = None if hint else self._meant(name)
        if meant is None and not hint and self._is_young:
            return None
        shown = tuple(self._came[:_MAX_SHOWN])
        if meant is not None:
            hint = f"; did you mean `{meant}`?"
        elif not hint and shown:
            more = len(self._came) - len(shown)
            hint = f"; came so far: {', '.join(shown)}{f' and {more:,} more' if more else ''}"
        return _Unseen(self._sentence.format(name) + hint, shown, meant)

    def _meant(self, name: str) -> str | None:
        if self._ours(name) in self._known:
            return None
        for above in _ABOVE:
            if name.startswith(above) and (below := name.removeprefix(above)) in self._known:
                return below
        return self._nearest.to(name, slips_alone=self._is_young)


def odd_types(matrix: Matrix, seen: SeenNames) -> Iterator[MatrixWarning]:
    """Yield types of interaction that no rule counts or that never came."""
    cut = "no interaction of type {} is among those that came first, and later ones were not kept"
    names = _Names(
        "no interaction of type {} ever came", cut if "type" in seen.cut else None, seen.types, known.TYPES
    )
    for placed in conditions(matrix):
        for path, type_ in types(placed):
            if type_ in NEVER_COUNTED:
                message = f"no rule counts an interaction of type {type_}"
                yield _found(placed, path, "type_never_counted", _Unseen(message, (), None), "surely")
            elif type_ in seen.types or type_ in known.TYPES:
                continue
            elif snake_case(type_) != type_:
                yield _found(placed, path, "type_not_snake_case", _of_event(type_), "surely")
            elif type_ in SEGMENT_TYPES:
                yield _found(placed, path, "type_unknown", _of_event(type_), "likely")
            elif unseen := names.never_came(type_):
                yield _found(placed, path, "type_unknown", unseen, "likely")


def _of_event(name: str) -> _Unseen:
    ours = type_of(name)
    if not ours:
        return _Unseen("a type is a word in snake_case, such as form_submit", (), None)
    return _Unseen(f"an event that trackers call `{name}` becomes the type `{ours}`; ask for that", (), ours)


def odd_properties(matrix: Matrix, seen: SeenNames) -> Iterator[MatrixWarning]:
    """Yield properties that never came: asked for in conditions, or what a limit counts by."""
    cut = "no property {} is among those that came first, and later ones were not kept"
    names = _Names(
        "no event ever brought the property {}",
        cut if "property" in seen.cut else None,
        seen.properties,
        known.PROPERTIES | known.ATTRIBUTES,
    )
    for index, rule in enumerate(matrix.rules):
        placed = Placed(f"rules.{index}.when", rule.id, rule.when, of_traits=False)
        for test in tests(placed):
            if not _is_known_property(test.name, seen) and (
                unseen := names.never_came(test.name, _as_trait(test.name, seen))
            ):
                yield _found(placed, test.path, "property_unknown", unseen, _unmet(test))
        by = rule.limit.by if rule.limit else None
        if by and not _is_known_property(by, seen) and (unseen := names.never_came(by)):
            unseen = unseen._replace(message=f"all matches share one limit, since {unseen.message}")
            yield _found(placed, f"rules.{index}.limit.by", "property_unknown", unseen, "no")


def odd_traits(matrix: Matrix, seen: SeenNames) -> Iterator[MatrixWarning]:
    """Yield traits that were never set: required traits first, then those in conditions."""
    forms = known.trait_forms(seen)
    cut = "no trait {} is among those that came first, and later ones were not kept"
    names = _Names(
        "no event ever set the trait {}",
        cut if "trait" in seen.cut else None,
        seen.traits,
        known.TRAITS | KNOWN_TRAITS,
        canonical,
    )
    for index, name in enumerate(matrix.requires):
        if not _is_known_trait(name, forms) and (unseen := names.never_came(name, _as_property(name, seen))):
            unseen = unseen._replace(message=f"no profile is handed over: {unseen.message}")
            yield _of(unseen, f"requires.{index}", "trait_unknown", None, "likely")
    for placed in conditions(matrix):
        for test in tests(placed) if placed.of_traits else ():
            if not _is_known_trait(test.name, forms) and (
                unseen := names.never_came(test.name, _as_property(test.name, seen))
            ):
                yield _found(placed, test.path, "trait_unknown", unseen, _unmet(test))


def possible_kinds(matrix: Matrix) -> frozenset[str]:
    """Return the traits asked for that may be kinds of identity that only events bring."""
    named = {test.name for placed in conditions(matrix) if placed.of_traits for test in tests(placed)}
    return frozenset(
        name for name in named.union(matrix.requires) - known.TRAITS if KIND_PATTERN.fullmatch(name)
    )


def _is_known_property(name: str, seen: SeenNames) -> bool:
    if name in seen.properties or name in known.PROPERTIES or name in known.ATTRIBUTES:
        return True
    if name.startswith("campaign_"):
        return True
    parts = name.split(".")
    above = ".".join(parts[:MAX_PARTS])
    return len(parts) > MAX_PARTS and "object" in seen.properties.get(above, ())


def _is_known_trait(name: str, forms: Mapping[str, JsonTypes]) -> bool:
    if any("object" in forms.get(trait, ()) for trait in objects_with(name)):
        return True
    trait_names = {canonical(name)} if "." in name else sources(name)
    return any(trait in forms or trait in known.TRAITS for trait in trait_names)


def _as_trait(name: str, seen: SeenNames) -> str:
    came = name in seen.traits or name in known.IDENTITIES
    return "; it comes as a trait, and those are asked for under `traits`" if came else ""


def _as_property(name: str, seen: SeenNames) -> str:
    came = name in seen.properties
    return "; it comes as a property of events, and those are asked for under `rules`" if came else ""


def _unmet(test: Test) -> Unmet:
    return "likely" if needs_something(test.comparison) else "no"


def _found(placed: Placed, path: str, code: str, unseen: _Unseen, unmet: Unmet) -> MatrixWarning:
    return _of(unseen, path, code, placed.rule, unmet)


def _of(unseen: _Unseen, path: str, code: str, rule: str | None, unmet: Unmet) -> MatrixWarning:
    return MatrixWarning(path, code, unseen.message, rule, unseen.seen, unseen.suggestion, unmet)
