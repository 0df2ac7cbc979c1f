"""Other traits: which traits a profile would need, or need to lose, to reach the flip number. Pure."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from services.scoring.core.explaining.satisfying import assignments
from services.scoring.core.pricing.price import GROUP, Score, ScoreInput, total_of
from services.scoring.core.profiles.domains import reported_domains
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.rules import TraitRule
from services.scoring.matrix.trait_conditions import Traits, TraitTest, compile_traits, in_our_names
from shared.conditions import Condition

# The first keeps a question about one rule short, the second one about 200 rules: a tenth of a second.
_MAX_ASSIGNMENTS: Final = 50
_MAX_TRIED: Final = 1_000


def other_traits(
    known: ScoreInput, matrix: Matrix, day: int, score: Score
) -> Iterator[tuple[TraitRule, bool, Traits]]:
    """Yield trait rules that alone suffice, whether they would have to hold, and traits under which they do.

    Rules that give points and would have to hold come first, then rules that take points and should not hold.
    The changed traits may also end what other trait rules gave or took. Traits under which an exclusion keeps
    the profile from sales are left out.
    """
    traits = known.traits.at(day)
    names = {rule.id for rule in matrix.traits}
    # The cuts of groups follow from the other lines.
    names.update(f"{GROUP}{name}" for name in matrix.groups)
    done = [(line.rule, line.points) for line in score.reasons if line.rule not in names]
    giving = [(rule.id, rule.points) for rule in matrix.traits if rule.points > 0]
    if total_of([*done, *giving], matrix) < matrix.flip_number:
        return
    found: list[set[str]] = []
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
                # `company is known` and `company is not known` no longer holding are the same way.
                if met or ids not in found:
                    found.append(ids)
                    yield rule, met, changed
                break


def _is_excluded(known: ScoreInput, matrix: Matrix, day: int, changed: Traits) -> bool:
    domain = changed.get("email_domain")
    # A trait that was set goes before what addresses say.
    is_reported = domain != known.traits.at(day).get("email_domain")
    domains = reported_domains(domain) if is_reported else known.traits.email_domains(day)
    return matrix.excluded_by(changed, domains) is not None


def _changed(rule: TraitRule, traits: Traits, lasting: Traits, *, met: bool) -> Iterator[Traits]:
    """Yield changes of traits by which a rule holds, or with `met=False` does not.

    `lasting` are derived traits, which replace traits that are not set, so they cannot be missing.
    """

    def compiled(condition: Condition) -> TraitTest:
        holds = compile_traits(condition)
        return lambda assignment: holds({**lasting, **assignment})

    condition = in_our_names(rule.when)
    for assignment in islice(assignments(condition, traits, compiled, met=met), _MAX_ASSIGNMENTS):
        changed = {**lasting, **assignment}
        # Another title replaces the old title, even though one text could match both.
        if not any(_is_within(traits.get(name), value) for name, value in changed.items()):
            yield changed


def _is_within(before: Any, after: Any) -> bool:
    return isinstance(before, str) and isinstance(after, str) and before != after and before in after
