"""What changed between two versions of a matrix, as a person wants to read it.

Rules, trait rules and groups are matched by their id, so their order and the index they stand at do not matter.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.scoring.matrix import Matrix, Rule, TraitRule
from shared.conditions import Condition, explain, fingerprint

Json = Mapping[str, Any]
Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class Change:
    """One thing that changed: where, from what to what (as JSON; None is nothing), and in words.

    With `needs_counting` the ledger has to be counted for it; any other change only prices anew what has
    been counted.
    """

    path: str
    kind: Kind
    before: Any
    after: Any
    text: str
    needs_counting: bool = False


def difference(before: Matrix | None, after: Matrix) -> list[Change]:
    """Return what changed, in the order of the matrix; without `before` all of it was added."""
    ours = _Side(before)
    new = _Side(after)
    return [
        *_value("flip_number", "flip number", ours, new),
        *_stages(ours, new),
        *_rules(ours, new),
        *_groups(ours, new),
        *_inactivity(ours, new),
        *_grades(ours, new),
        *_requires(ours, new),
        *_excludes(ours, new),
        *_value("requalify_after", "requalify after", ours, new),
        *_value("audience", "audience", ours, new),
    ]
