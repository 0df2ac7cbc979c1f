"""Refusals of a matrix, in short forms for tests."""

from typing import Any

import pytest

from services.scoring.matrix.reading import read_matrix
from shared.errors import Refused


def errors(document: Any) -> list[Any]:
    """Return all errors of a document of the model `m`."""
    with pytest.raises(Refused) as refusal:
        read_matrix("m", document)
    assert refusal.value.errors
    return list(refusal.value.errors)


def refused(document: Any) -> dict[str | None, str]:
    """Return the messages of a document's errors by field, without the name of the rule in front."""
    messages: dict[str | None, str] = {}
    for error in errors(document):
        message = error["message"]
        if "rule" in error:
            assert message.startswith(f"rule {error['rule']}: ")
            message = message.removeprefix(f"rule {error['rule']}: ")
        messages[error["field"]] = message
    return messages
