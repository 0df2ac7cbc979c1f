"""Versions: immutable numbered matrices of a model, and how one is read from its stored text."""

import json
from dataclasses import dataclass
from functools import lru_cache

from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.reading import stored_matrix


@dataclass(frozen=True)
class Version:
    """An immutable numbered matrix of a model."""

    model: str
    number: int
    matrix: Matrix

    @classmethod
    def read(cls, model: str, number: int, text: str) -> "Version":
        """Return a version, given its matrix as `Matrix.text` wrote it; a text is parsed once per process."""
        return cls(model, number, matrix_in(model, text))


@lru_cache(maxsize=256)
def matrix_in(model: str, text: str) -> Matrix:
    """Return the matrix of a model that `Matrix.text` wrote; a text is parsed once per process."""
    return stored_matrix(model, json.loads(text))
