"""The base of all JSON from callers: unknown names are refused, and the search ends after enough errors.

pydantic makes an error of each thing that is wrong, and FastAPI a Python object of each error. A body of
two megabytes with 150,000 unknown names cost 0.8 s only to be refused. Callers get at most MAX_COMPLAINTS
errors, so the parts behind that many are not checked.
"""

import sys
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from itertools import chain, islice
from typing import Any, ClassVar, Final, NamedTuple, Self, TypeGuard

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError, PydanticKnownError

from shared.errors import MAX_COMPLAINTS

ENOUGH: Final = "enough"
"""The kind of error of a part that was not checked, since enough was wrong before it; never reported."""

FAULT: Final = "value_error"
"""The kind of error when entries contradict each other: pydantic's name for what our checks raise."""

_LARGEST: Final = sys.float_info.max

# How many errors the present validation has found so far; None outside of a validation.
_found: ContextVar[int | None] = ContextVar("found", default=None)


class Fault(NamedTuple):
    """A contradiction between entries of a part: the path below the part, and the message."""

    path: tuple[str | int, ...]
    message: str


class Strict(BaseModel):
    """A part of a document: immutable, with known names only, and not checked once enough is wrong.

    Not for the members of a union without a discriminator: there a member may fail and the whole be right.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    _names: ClassVar[frozenset[str]]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Collect the names that the part may have."""
        super().__pydantic_init_subclass__(**kwargs)
        fields = cls.model_fields.items()
        cls._names = frozenset(chain.from_iterable((name, field.alias or name) for name, field in fields))

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterable[Fault]:
        """Return the contradictions between entries of a part, which is given as it was written.

        The method is called whether or not each entry is right by itself, so that all errors are reported
        at once; the values may be anything.
        """
        del written
        return ()

    @model_validator(mode="wrap")
    @classmethod
    def _stop_after_enough(cls, value: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        before = _found.get()
        if before is not None and before >= MAX_COMPLAINTS:
            raise _unchecked()
        if isinstance(value, Mapping) and len(value) > len(cls._names) + MAX_COMPLAINTS:
            value = _with_few_unknown(value, cls._names)
        faults = cls._reported_faults(value) if isinstance(value, Mapping) else []
        token = _found.set(before or 0)
        try:
            part = read(value)
        except ValidationError as error:
            whole = _joined(error, faults)
            # Counts what parts of this part have added before.
            _found.set((before or 0) + whole.error_count())
            raise whole from None
        else:
            _found.set((before or 0) + len(faults))
            if faults:
                raise ValidationError.from_exception_data(cls.__name__, faults)
            return part
        finally:
            if before is None:
                _found.reset(token)

    @classmethod
    def _reported_faults(cls, written: Mapping[str, Any]) -> list[InitErrorDetails]:
        return [
            InitErrorDetails(type=FAULT, loc=path, input=None, ctx={"error": ValueError(message)})
            for path, message in islice(cls.faults(written), MAX_COMPLAINTS)
        ]


def _unchecked() -> PydanticCustomError:
    return PydanticCustomError(ENOUGH, "is not looked at, since enough is wrong before it")


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a value of JSON is a finite number that a double can hold; booleans are not numbers."""
    return value.__class__ in {int, float} and -_LARGEST <= value <= _LARGEST


def few(most: int) -> BeforeValidator:
    """Return a check that a mapping has at most this many entries, which runs before any of them is checked.

    pydantic checks the length of a list first, but that of a mapping only after all of its entries.
    """

    def checked(value: Any) -> Any:
        if isinstance(value, Mapping) and len(value) > most:
            context = {"field_type": "Dictionary", "max_length": most, "actual_length": len(value)}
            raise PydanticKnownError("too_long", context)
        return value

    return BeforeValidator(checked)


def _joined(error: ValidationError, faults: list[InitErrorDetails]) -> ValidationError:
    """Return the errors of single entries, and after them the contradictions between entries."""
    if not faults:
        return error
    of_entries = [
        InitErrorDetails(
            type=_unchecked() if detail["type"] == ENOUGH else detail["type"],
            loc=detail["loc"],
            input=None,
            ctx=detail.get("ctx", {}),
        )
        for detail in error.errors(include_url=False, include_input=False)
    ]
    return ValidationError.from_exception_data(error.title, [*of_entries, *faults])


def _with_few_unknown(written: Mapping[Any, Any], known: frozenset[str]) -> dict[Any, Any]:
    """Return the known names of a mapping, and at most as many of the other names as callers get errors."""
    unknown_names = islice((name for name in written if name not in known), MAX_COMPLAINTS)
    selected = {*unknown_names, *(name for name in known if name in written)}
    # In the order in which it was written, since the first error is reported first.
    return {name: value for name, value in written.items() if name in selected}
