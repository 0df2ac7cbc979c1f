"""Other traits: what a profile would have to be, or not to be, to reach the flip number. Pure."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from services.scoring.core.domains import told_domains
from services.scoring.core.pricing import GROUP, Known, Score, total_of
from services.scoring.core.satisfying import assignments
from services.scoring.model.matrix import Matrix
from services.scoring.model.rules import TraitRule
from services.scoring.model.trait_conditions import Traits, TraitTest, compile_traits, in_our_names
from shared.conditions import Condition

# The first makes a question for one rule short, the second one for two hundred of them: a tenth of a second.
_MAX_ASSIGNMENTS: Final = 50
_MAX_TRIED: Final = 1_000


def other_traits(
    known: Known, matrix: Matrix, day: int, score: Score
) -> Iterator[tuple[TraitRule, bool, Traits]]:
    """Yield trait rules that alone would do, whether they would have to hold, and traits under which they do.

    Those that give points and would have to hold come first, then those that take some and should not. What
    is told to that end may end what other trait rules gave, or took, for the traits as they were. Traits that
    an exclusion keeps from sales lead nowhere.
    """
    traits = known.traits.at(day)
    names = {rule.id for rule in matrix.traits}
    # The cuts of groups follow from the other lines.
    names.update(f"{GROUP}{name}" for name in matrix.groups)
    done = [(line.rule, line.points) for line in score.reasons if line.rule not in names]
    giving = [(rule.id, rule.points) for rule in matrix.traits if rule.points > 0]
    if total_of([*done, *giving], matrix) < matrix.flip_number:
        return
    told: list[set[str]] = []
    left = _MAX_TRIED
    for met in (True, False):
        for rule in matrix.traits:
            if rule.points == 0 or (rule.points > 0) != met or rule.holds(traits) == met:
                continue
            for changed in islice(_changed(rule, traits, known.traits.derived, met=met), left):
                left -= 1
                holding = [(other.id, other.points) for other in matrix.traits if other.holds(changed)]
                if total_of([*done, *holding], matrix) < matrix.flip_number:
                    continue
                if _is_excluded(known, matrix, day, changed):
                    continue
                ids = {rule_id for rule_id, _ in holding}
                # `company is known` and no more `company is not known` are one way.
                if met or ids not in told:
                    told.append(ids)
                    yield rule, met, changed
                break


def _is_excluded(known: Known, matrix: Matrix, day: int, changed: Traits) -> bool:
    domain = changed.get("email_domain")
    # What is told goes before what addresses say.
    is_told = domain != known.traits.at(day).get("email_domain")
    domains = told_domains(domain) if is_told else known.traits.email_domains(day)
    return matrix.excluded_by(changed, domains) is not None


def _changed(rule: TraitRule, traits: Traits, lasting: Traits, *, met: bool) -> Iterator[Traits]:
    """Yield changes of traits by which a rule holds, or with `met=False` does not.

    `lasting` are those that stand in for what is not told, so they cannot be missing.
    """

    def compiled(condition: Condition) -> TraitTest:
        holds = compile_traits(condition)
        return lambda assignment: holds({**lasting, **assignment})

    asked = in_our_names(rule.when)
    for assignment in islice(assignments(asked, traits, compiled, met=met), _MAX_ASSIGNMENTS):
        changed = {**lasting, **assignment}
        # Whoever has another title has it instead of the old one, though a text might have both.
        if not any(_is_within(traits.get(name), value) for name, value in changed.items()):
            yield changed


def _is_within(before: Any, after: Any) -> bool:
    return isinstance(before, str) and isinstance(after, str) and before != after and before in after
