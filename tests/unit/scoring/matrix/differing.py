"""Matrices to compare, and the one change between two of them."""

from typing import Any

from services.scoring.matrix.difference import Change, difference
from tests.support.builders import matrix, rule

DOWNLOADS = rule("downloads", 10, when={"type": "download"})
DECIDES = {"id": "decides", "when": {"title": {"matches_any": ["vp"]}}, "points": 15}


def changed(before: dict[str, Any], after: dict[str, Any]) -> Change:
    """The one change between two forms of a rule, or of a matrix when they name no rule."""
    if "id" in before:
        (change,) = difference(matrix(before), matrix(after))
    else:
        (change,) = difference(matrix(**before), matrix(**after))
    return change
