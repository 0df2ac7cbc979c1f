import numpy as np
import pytest

from services.scoring.matrix.thresholds import grading, stages_in


def test_each_threshold_starts_the_next_stage() -> None:
    stages = stages_in({"ready": 25, "aware": 5})
    points = np.array([-1, 4.999, 5, 24.999, 25, 1000])
    assert stages.names_of(points) == [None, None, "aware", "aware", "ready", "ready"]


def test_the_last_name_is_used_for_two_stages_with_equal_thresholds() -> None:
    assert stages_in({"warm": 5, "hot": 5}).names_of(np.array([5.0, 4.0])) == ["warm", None]


def test_a_matrix_without_stages_gives_no_stage() -> None:
    assert stages_in({}).names_of(np.array([0.0, 1000.0])) == [None, None]


@pytest.mark.parametrize(
    ("fit", "engagement", "grade"),
    [(30, 20, "A1"), (29, 20, "B1"), (20, 19, "B2"), (10, 9, "C3"), (9, -1, "D4"), (-9, 25, "D1")],
)
def test_the_letter_grades_the_fit_and_the_digit_the_engagement(
    fit: float, engagement: float, grade: str
) -> None:
    grades = grading([30, 20, 10], [20, 10, 0])
    assert grades.names_of(np.array([fit, 30.0]), np.array([engagement, 20.0])) == [grade, "A1"]


def test_equal_grade_thresholds_are_reached_together() -> None:
    """Trait rules that only take points give nothing, so every fraction of it is nothing."""
    grades = grading([0, 0, 0], [20, 10, 0])
    assert grades.names_of(np.array([0.0, -1.0]), np.array([0.0, 0.0])) == ["A3", "D3"]
