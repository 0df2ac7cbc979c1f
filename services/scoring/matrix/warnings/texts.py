"""Operands that are probably mistakes: blanks, repeated values, wildcards that are none."""

from collections.abc import Hashable, Iterator
from typing import Any, Final

from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.paths import Test, conditions, tests
from services.scoring.matrix.warnings.warning import MatrixWarning
from shared.comparison import operators
from shared.folding import folded
from shared.operators.operator import Operator, TextUse

_WILDCARDS: Final = frozenset("*?[")
_MAX_SHOWN: Final = 60


def odd_texts(matrix: Matrix) -> Iterator[MatrixWarning]:
    """Yield them, for each operator at most one of a kind."""
    for placed in conditions(matrix):
        for test in tests(placed):
            for operator, operand in operators(test.comparison):
                values = operand if isinstance(operand, list) else [operand]
                if operator.text is not None:
                    texts = [text for text in values if isinstance(text, str)]
                    yield from _blank(test, operator.name, operator.text, texts)
                    yield from _spaced(test, operator.text, texts)
                    yield from _wildcard(test, operator.name, operator.text, texts)
                yield from _repeated(test, operator, values)


def _blank(test: Test, operator: str, use: TextUse, texts: list[str]) -> Iterator[MatrixWarning]:
    if not any(not text or text.isspace() for text in texts):
        return
    if use.from_start or use.to_end:
        message = f"a blank in `{operator}` is hardly ever sent; `missing: true` asks for what is not there"
    else:
        message = f"a blank in `{operator}` is found in nearly every text"
    yield MatrixWarning(test.path, "value_blank", message, test.rule)


def _spaced(test: Test, use: TextUse, texts: list[str]) -> Iterator[MatrixWarning]:
    for text in texts:
        # Within a text, a space around a word asks for the whole word among other words.
        meant = text.lstrip() if use.from_start else text
        meant = meant.rstrip() if use.to_end else meant
        if meant not in {"", text}:
            message = f'"{_cut(text)}" has a space at its edge, which is part of what is asked for'
            yield MatrixWarning(test.path, "value_spaced", message, test.rule, suggestion=_cut(meant))
            return


def _wildcard(test: Test, operator: str, use: TextUse, texts: list[str]) -> Iterator[MatrixWarning]:
    if use.has_wildcards:
        if texts and not _WILDCARDS & set(texts[0]):
            message = "without `*`, `?` or `[` it asks what `eq` asks: the whole value is to be this"
            yield MatrixWarning(test.path, "glob_without_wildcard", message, test.rule, suggestion="eq")
        return
    for text in texts:
        if "*" in text:
            message = f"`*` stands for itself in `{operator}`; it is a wildcard in `glob` alone"
            yield MatrixWarning(test.path, "wildcard_in_text", message, test.rule, suggestion="glob")
            return


def _repeated(test: Test, operator: Operator, values: list[Any]) -> Iterator[MatrixWarning]:
    folds = operator.text is not None and operator.text.folds
    met: set[Hashable] = set()
    for text in values:
        # In Python True equals 1; in JSON they are different values.
        key = (isinstance(text, bool), folded(text) if folds and isinstance(text, str) else text)
        if key in met:
            message = f"`{operator.name}` names {_shown(text)} twice"
            yield MatrixWarning(test.path, "value_repeated", message, test.rule)
            return
        met.add(key)


def _shown(value: Any) -> str:
    return f'"{_cut(value)}"' if isinstance(value, str) else str(value).lower()[:_MAX_SHOWN]


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
