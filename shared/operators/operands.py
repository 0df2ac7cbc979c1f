"""The types of operands, and how an operand reads in words."""

import json
from collections.abc import Iterable
from typing import Annotated, Any, TypeAlias

from pydantic import Field

Text = Annotated[str, Field(min_length=1, max_length=256)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=200)]
Scalar: TypeAlias = Annotated[str, Field(max_length=1000)] | bool | int | float
Scalars = Annotated[list[Scalar], Field(min_length=1, max_length=1000, fail_fast=True)]
# Strict, as nothing is converted: true is not 1, and "3" is not 3.
Number: TypeAlias = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Truth: TypeAlias = Annotated[bool, Field(strict=True)]


def in_words(value: Any) -> str:
    """Return a text, number or truth as JSON has it."""
    return f"{value:.10g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def listed(values: Iterable[Any]) -> str:
    """Return several values as JSON has them, with commas between them."""
    return ", ".join(map(in_words, values))
