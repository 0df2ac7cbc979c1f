"""Whether any profile can become a lead, given the required traits, the exclusions and the rules.

`no_lead_possible` warns that no profile ever can, whatever may come, and `no_lead_expected` that none can,
judged by what has been seen. Points that are added by hand are ignored.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from services.scoring.matrix.bounds import most
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.paths import Placed, conditions, tests, tests_of, types_of
from services.scoring.matrix.warnings.every_profile import Worlds
from services.scoring.matrix.warnings.warning import MatrixWarning, Unmet
from shared.conditions import AllOf, AnyOf, Condition, Matches, Not

_LEVELS: Final[Sequence[Unmet]] = ("no", "likely", "surely")
_MAX_SHOWN: Final = 3
_MAX_LENGTH: Final = 64


def no_lead(matrix: Matrix, found: Sequence[MatrixWarning]) -> Iterator[MatrixWarning]:
    """Yield why no profile becomes a lead, and which rules help no profile, given the other oddities."""
    worlds = Worlds()
    by_exclusion = _all_excluded(matrix, found, worlds)
    if by_exclusion is not None:
        yield by_exclusion
    idle: list[MatrixWarning] = []
    if by_exclusion is None or by_exclusion.code != "no_lead_possible":
        idle = list(_without_lead(matrix, worlds))
    yield from _unreachable(matrix, [*found, *idle])
    yield from idle


def _all_excluded(matrix: Matrix, found: Sequence[MatrixWarning], worlds: Worlds) -> MatrixWarning | None:
    excludes, requires = matrix.excludes, matrix.requires
    if not excludes:
        return None
    if worlds.all_under(excludes, known=requires):
        alone = (n for n, condition in enumerate(excludes) if worlds.all_under([condition], known=requires))
        field = next((f"excludes.{n}" for n in alone), "excludes")
        subject = (
            f"all profiles with {_listed(requires)}, as `requires` asks, are"
            if requires
            else "every profile is"
        )
        return MatrixWarning(field, "no_lead_possible", f"no profile can become a lead: {subject} excluded")
    never_came = _never_came(matrix, found)
    if never_came and worlds.all_under(excludes, known=requires, unknown={*never_came} - {*requires}):
        message = (
            f"no profile becomes a lead: {_listed(never_came)} never came, and all without it are excluded"
        )
        return MatrixWarning("excludes", "no_lead_expected", message)
    if worlds.all_under(excludes, known=[*requires, "email"]):
        message = (
            "all with an e-mail address are excluded: only profiles that cannot be written to become leads"
        )
        return MatrixWarning("excludes", "excludes_reachable", message)
    return None


def _never_came(matrix: Matrix, found: Sequence[MatrixWarning]) -> list[str]:
    """Return the traits in exclusions that never came."""
    fields = {warning.field for warning in found if warning.code == "trait_unknown"}
    excluding = (placed for placed in conditions(matrix) if placed.rule is None)
    return sorted({test.name for placed in excluding for test in tests(placed) if test.path in fields})


def _without_lead(matrix: Matrix, worlds: Worlds) -> Iterator[MatrixWarning]:
    """Yield trait rules that no profile meets, or only profiles that are excluded."""
    for index, rule in enumerate(matrix.traits):
        if rule.points <= 0:
            continue
        if worlds.all_under([], meeting=rule.when):
            message = "no profile can meet this, whatever its traits"
            yield MatrixWarning(f"traits.{index}.when", "never_met", message, rule.id, unmet="surely")
            continue
        if worlds.all_under([], known=matrix.requires, meeting=rule.when):
            message = (
                f"gives its points only to profiles without {_listed(matrix.requires)}, as `requires` asks"
            )
        elif matrix.excludes and worlds.all_under(matrix.excludes, known=matrix.requires, meeting=rule.when):
            message = "gives its points only to excluded profiles"
        else:
            continue
        yield MatrixWarning(f"traits.{index}.when", "rule_without_lead", message, rule.id, unmet="surely")


def _unreachable(matrix: Matrix, found: Sequence[MatrixWarning]) -> Iterator[MatrixWarning]:
    """Yield that the flip number is out of reach without the rules that no profile meets."""
    levels: dict[str, int] = {}
    for warning in found:
        levels[warning.field] = max(_LEVELS.index(warning.unmet), levels.get(warning.field, 0))
    level_of = {
        placed.rule: max(levels.get(placed.path, 0), _level(placed, placed.condition, placed.path, levels))
        for placed in conditions(matrix)
        if placed.rule is not None
    }
    for code, least, sure in (("no_lead_possible", 2, "can become"), ("no_lead_expected", 1, "becomes")):
        unmet = [rule for rule, level in level_of.items() if level >= least]
        reachable = most(matrix, without=unmet)
        if unmet and reachable < matrix.flip_number:
            message = (
                f"no profile {sure} a lead: no profile meets {_listed(unmet)}, and the other rules give "
                f"at most {reachable:.10g} of the {matrix.flip_number:.10g} points"
            )
            yield MatrixWarning("flip_number", code, message)
            return


def _level(placed: Placed, condition: Condition, path: str, levels: Mapping[str, int]) -> int:
    """Return the index in _LEVELS of how certain it is that no profile meets a part of a condition."""
    match condition:
        case Matches():
            of_types = [levels.get(type_path, 0) for type_path, _ in types_of(condition, path)]
            of_tests = [levels.get(test.path, 0) for test in tests_of(condition, path, placed)]
            return max([min(of_types, default=0), *of_tests])
        case AllOf(all=parts):
            return max(_level(placed, part, f"{path}.all.{n}", levels) for n, part in enumerate(parts))
        case AnyOf(any=parts):
            return min(_level(placed, part, f"{path}.any.{n}", levels) for n, part in enumerate(parts))
        case Not():
            # If no profile meets a part, all profiles meet its negation.
            return 0


def _listed(names: Collection[str]) -> str:
    shown = [name[:_MAX_LENGTH] for name in list(names)[:_MAX_SHOWN]]
    more = len(names) - len(shown)
    return ", ".join([*shown, *([f"{more:,} more"] if more else [])])
