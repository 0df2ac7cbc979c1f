"""The matrices in docs/scoring.md are valid, and Antonio's is that of the demo."""

import json
import re
from pathlib import Path
from typing import Any

from services.demo.story import MATRIX
from services.scoring.matrix.reading import read_matrix

PAGE = Path(__file__).parents[4] / "docs/scoring.md"


def documented() -> list[dict[str, Any]]:
    """Return the matrices that the page shows, in its order."""
    blocks = re.findall(r"^    \{\n(?:      .*\n)+    \}$", PAGE.read_text(), re.MULTILINE)
    return [json.loads(block) for block in blocks]


def test_documented_matrices_are_accepted() -> None:
    antonio, whole = documented()
    for matrix in (antonio, whole):
        assert read_matrix("documented", matrix).flip_number == 25


def test_the_documented_matrix_of_antonio_is_that_of_the_demo() -> None:
    assert documented()[0] == MATRIX
