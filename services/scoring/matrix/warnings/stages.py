"""Stages that no profile ever has, or only profiles that are leads already."""

from collections.abc import Iterator

from services.scoring.matrix.bounds import most
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.warnings.warning import MatrixWarning


def odd_stages(matrix: Matrix) -> Iterator[MatrixWarning]:
    """Yield stages out of reach, above the flip number, or at the threshold of another."""
    reachable = most(matrix)
    at: dict[float, str] = {}
    for name, threshold in matrix.stages.items():
        field = f"stages.{name}"
        if threshold > reachable:
            message = f"no one can reach {threshold:.10g}; the rules give at most {reachable:.10g}"
            yield MatrixWarning(field, "stage_unreachable", message)
        elif threshold > matrix.flip_number:
            message = (
                f"{threshold:.10g} lies above the flip number {matrix.flip_number:.10g}, so all who come to "
                f"{name} have qualified before"
            )
            yield MatrixWarning(field, "stage_above_flip", message)
        other = at.setdefault(threshold, name)
        if other != name:
            shown, hidden = max(other, name), min(other, name)
            message = f"{other} begins at {threshold:.10g} as well, so every such profile is shown in {shown}"
            yield MatrixWarning(field, "stage_repeated", f"{message} and none in {hidden}")
