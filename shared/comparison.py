"""A comparison: the operators that a condition applies to one value."""

from collections.abc import Iterator, Mapping
from keyword import iskeyword
from typing import Any, Final

from pydantic import ConfigDict, Field, create_model, model_validator

from shared.operators.operator import Operator
from shared.operators.table import OPERATORS
from shared.strict import Fault, Strict

_NULL: Final = "cannot be null; `missing: true` asks for what is not there"

_BY_FIELD: Final[Mapping[str, Operator]] = {
    f"{operator.name}_" if iskeyword(operator.name) else operator.name: operator for operator in OPERATORS
}
_FIELDS: Final[dict[str, Any]] = {
    field: (operator.operand | None, Field(None, alias=operator.name))
    for field, operator in _BY_FIELD.items()
}
# Made from the table, so that a new operator needs no change here.
_Operands: Final = create_model("_Operands", __base__=Strict, **_FIELDS)


class Comparison(_Operands):
    """The operators that a condition applies to one value; the value must meet all of them.

    A missing value meets only `missing: true` and `exists: false`, so no operand is null; blank texts and
    empty lists and objects are as missing as null. Numbers are compared as numbers, and nothing is
    converted: the string "5" is not the number 5. Most operators are exact; shared/operators says what each
    compares.
    """

    model_config = ConfigDict(populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _scalar_means_eq(cls, value: Any) -> Any:
        if value is None:
            raise ValueError(_NULL)
        return value if isinstance(value, Mapping | Comparison) else {"eq": value}

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        """Yield what is wrong: no operator, null operands, and what operators refuse beyond the type."""
        if not written:
            yield Fault((), "name at least one operator, such as eq, starts_with or gte")
        for name, operand in written.items():
            if operand is None and name in cls._names:
                yield Fault((name,), _NULL)
        for operator in OPERATORS:
            if operator.faults is not None and operator.name in written:
                yield from (Fault((), message) for message in operator.faults(written[operator.name]))


def operators(test: Comparison) -> Iterator[tuple[Operator, Any]]:
    """Yield (operator, operand) of the operators that are set, in the order of the table."""
    set_fields = test.model_fields_set
    for field, operator in _BY_FIELD.items():
        if field in set_fields:
            yield operator, getattr(test, field)


def explain_comparison(test: Comparison) -> str:
    """Return the comparison in words that follow the name of the value."""
    return " and ".join(operator.words(operand) for operator, operand in operators(test))
