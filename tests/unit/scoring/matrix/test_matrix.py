from typing import Any

import pytest

from services.scoring.matrix.matrix import MAX_RULES
from services.scoring.matrix.reading import read_matrix
from services.scoring.matrix.version import Version
from shared.errors import Refused
from tests.support.builders import matrix, rule


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"rules": [rule()]}, "flip_number"),
        ({"flip_number": 0, "rules": [rule()]}, "flip_number"),
        ({"flip_number": "many", "rules": [rule()]}, "flip_number"),
        ({"flip_number": 5, "rules": []}, "rules"),
        ({"flip_number": 5, "rules": [rule()], "flipnumber": 5}, "flipnumber"),
        ({"flip_number": 5, "rules": [rule("Not A Slug")]}, "rules.0.id"),
        ({"flip_number": 5, "rules": [rule(points=float("nan"))]}, "rules.0.points"),
        ({"flip_number": 5, "rules": [rule(points=2_000_000)]}, "rules.0.points"),
        ({"flip_number": 5, "rules": [rule(cap=0)]}, "rules.0.cap"),
        ({"flip_number": 5, "rules": [rule(cap=-5)]}, "rules.0.cap"),
        ({"flip_number": 5, "rules": [rule(limit={"times": 0, "per": "day"})]}, "rules.0.limit.times"),
        ({"flip_number": 5, "rules": [rule(limit={"times": 1, "per": "hour"})]}, "rules.0.limit.per"),
        ({"flip_number": 5, "rules": [rule(when={"kind": "visit"})]}, "rules.0.when"),
        ({"flip_number": 5, "rules": [rule(), rule()]}, "rules.1.id"),
        ({"flip_number": 5, "rules": [rule(f"r{n}") for n in range(MAX_RULES + 1)]}, "rules"),
        ({"flip_number": 5, "rules": [rule()], "model": "other"}, "model"),
        ({"flip_number": 5, "rules": [rule(cap=4.9)]}, "flip_number"),
        ({"flip_number": 5, "rules": [rule(points=-9)]}, "flip_number"),
        ("not an object", None),
    ],
)
def test_a_wrong_matrix_is_refused_naming_the_field(wrong: Any, field: str | None) -> None:
    with pytest.raises(Refused) as refusal:
        read_matrix("m", wrong)
    assert refusal.value.code == "matrix_invalid"
    assert field is None or field in f"{refusal.value.field}{refusal.value.message}"


def test_the_canonical_form_reads_back_as_the_same_matrix() -> None:
    priced = rule(limit={"times": 1, "per": "day", "by": "path"}, cap=5)
    written = matrix(priced, flip_number=5, stages={"aware": 5})
    assert read_matrix("m", written.canonical()) == written


def test_a_version_reads_the_text_of_its_matrix_and_parses_it_once() -> None:
    written = matrix(rule(label="Besucht Köln"), flip_number=5)
    text = written.text()
    assert "Köln" in text
    read = Version.read("m", 2, text)
    assert read == Version("m", 2, written)
    assert read.matrix.text() == text
    assert Version.read("m", 3, text).matrix is read.matrix


def test_a_stage_is_the_highest_threshold_reached() -> None:
    stages = matrix(stages={"aware": 5, "engaged": 15, "sales_ready": 25}).stage
    assert [stages(score) for score in (4.9, 5, 24, 25, 90)] == [
        None,
        "aware",
        "engaged",
        "sales_ready",
        "sales_ready",
    ]


def test_whole_numbers_are_numbers() -> None:
    """JSON has one kind; clients write 8 for 8.0."""
    written = {
        "flip_number": 8,
        "rules": [rule(points=8, cap=9)],
        "stages": {"aware": 5},
        "audience": "offer",
    }
    read = read_matrix("m", written)
    assert (read.flip_number, read.rules[0].points, read.rules[0].cap, read.stages) == (
        8.0,
        8.0,
        9.0,
        {"aware": 5.0},
    )
