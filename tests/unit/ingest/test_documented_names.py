"""The tables of names in docs/ingest.md are those that the code has."""

import re
from collections.abc import Iterator
from pathlib import Path

from services.ingest.vocabulary import track_type
from shared.type_names import SEGMENT_TYPES, snake_case
from shared.vocabulary import EFFECTS, KNOWN_TYPES, TOUCHES

PAGE = Path(__file__).parents[3] / "docs/ingest.md"


def rows(title: str) -> Iterator[list[str]]:
    """Yield the cells of the rows of the table below a title."""
    section = PAGE.read_text().split(f"## {title}\n")[1].split("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]


def test_segments_names() -> None:
    _, *told = rows("Segment's names")
    named = {snake_case(name): type_ for names, type_ in told for name in names.split(",")}
    assert named == SEGMENT_TYPES
    for names, type_ in told:
        assert {track_type(name.strip()) for name in names.split(",")} == {type_}


def test_every_type_that_a_name_of_segments_stands_for_is_known() -> None:
    assert set(SEGMENT_TYPES.values()) <= KNOWN_TYPES


def test_deeds_and_touches() -> None:
    _, (_, deeds), (_, touches) = rows("What people do, and what is done to them")
    assert set(re.split(", ", touches)) == TOUCHES
    assert set(re.split(", ", deeds.removesuffix(", and any other"))) == KNOWN_TYPES - TOUCHES


def test_effects() -> None:
    _, *told = rows("What follows from what a person does")
    assert dict(told) == {
        type_: f"{effect.trait}: {str(effect.value).lower()}" for type_, effect in EFFECTS.items()
    }
