"""The tables of names in docs/ingest.md equal those of the code."""

from collections.abc import Iterator
from pathlib import Path

from services.ingest.reading.vocabulary import track_type
from shared.type_names import SEGMENT_TYPES, snake_case
from shared.vocabulary import EFFECTS, KNOWN_TYPES, TOUCHES

PAGE = Path(__file__).parents[4] / "docs/ingest.md"


def rows(title: str) -> Iterator[list[str]]:
    """Yield the cells of the rows of the table below a title."""
    section = PAGE.read_text().split(f"## {title}\n")[1].split("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]


def test_documented_segment_event_names_equal_those_of_the_code() -> None:
    _, *documented = rows("Names of Segment events")
    named = {snake_case(name): type_ for names, type_ in documented for name in names.split(",")}
    assert named == SEGMENT_TYPES
    for names, type_ in documented:
        assert {track_type(name.strip()) for name in names.split(",")} == {type_}


def test_every_type_of_a_segment_event_is_known() -> None:
    assert set(SEGMENT_TYPES.values()) <= KNOWN_TYPES


def test_documented_interactions_and_touches_equal_those_of_the_code() -> None:
    _, *documented = rows("Interactions and touches")
    interactions, touches = (
        {type_ for named, types in documented if named.startswith(kind) for type_ in types.split(", ")}
        for kind in ("interaction", "touch")
    )
    assert touches == TOUCHES
    assert interactions - {"any other type"} == KNOWN_TYPES - TOUCHES


def test_documented_effects_equal_those_of_the_code() -> None:
    _, *documented = rows("Effects on traits")
    assert dict(documented) == {
        type_: f"{effect.trait}: {str(effect.value).lower()}" for type_, effect in EFFECTS.items()
    }
