"""Warnings about a matrix, in short forms for tests."""

from collections.abc import Iterable
from typing import Any

from services.scoring.matrix.reading import read_matrix
from services.scoring.matrix.seen_names import SeenNames, gathered
from services.scoring.matrix.warnings.all_warnings import warnings
from services.scoring.matrix.warnings.warning import MatrixWarning

Row = tuple[str, str, str]
"""Kind of name, name, and the form of a value."""

CAME: tuple[Row, ...] = (
    ("type", "visit", ""), ("type", "bike_ride", ""),
    ("property", "path", "text"), ("property", "mailing", "text"), ("property", "seats", "text"),
    ("property", "price", "number"), ("property", "tags", "list"), ("property", "vip", "boolean"),
    ("property", "utm", "object"), ("property", "utm.a", "object"), ("property", "utm.a.b", "object"),
    ("property", "mixed", "text"), ("property", "mixed", "number"), ("property", "price", "null"),
    ("trait", "title", "text"), ("trait", "employees", "number"), ("trait", "company", "object"),
)  # fmt: skip
"""The names that an older instance has seen."""


def oddities(document: dict[str, Any], *, came: Iterable[Row] = CAME, **more: Any) -> list[MatrixWarning]:
    """Return the warnings about a document of the model `m` on an instance that has seen these names."""
    return warnings(read_matrix("m", document), gathered(came, **more))


def odd(*rules: dict[str, Any], seen: SeenNames = SeenNames(), **more: Any) -> list[tuple[str, str, str]]:  # noqa: B008 - immutable
    """Return (field, code, message) of the warnings, without those about a matrix that makes no leads."""
    document = {"flip_number": 1, "rules": list(rules), **more}
    found = warnings(read_matrix("m", document), seen)
    return [
        (warning.field, warning.code, warning.message)
        for warning in found
        if not warning.code.startswith("no_lead")
    ]
