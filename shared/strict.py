"""The base of everything that callers write as JSON: no name that nobody knows, and no more errors than told.

pydantic makes an error of each thing that is wrong, and FastAPI a Python object of each error. A body of two
megabytes with 150,000 unknown names cost 0.8 s only to be refused. Callers are told MAX_COMPLAINTS of what is
wrong, so the parts behind that many are not looked at.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from itertools import chain, islice
from typing import Any, ClassVar, Final, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from shared.errors import MAX_COMPLAINTS

ENOUGH: Final = "enough"
"""The kind of error of a part that was not looked at, since enough was wrong before it; never told."""

# How many errors the validation under way has found so far; None outside of one.
_found: ContextVar[int | None] = ContextVar("found", default=None)


class Strict(BaseModel):
    """A part of a document: immutable, with known names alone, not looked at once enough is wrong.

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

    @model_validator(mode="wrap")
    @classmethod
    def _stop_after_enough(cls, value: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        before = _found.get()
        if before is not None and before >= MAX_COMPLAINTS:
            raise PydanticCustomError(ENOUGH, "is not looked at, since enough is wrong before it")
        if isinstance(value, Mapping) and len(value) > len(cls._names) + MAX_COMPLAINTS:
            value = _with_few_strangers(value, cls._names)
        token = _found.set(before or 0)
        try:
            part = read(value)
        except ValidationError as error:
            # Counts what parts of this part have added before.
            _found.set((before or 0) + error.error_count())
            raise
        else:
            _found.set(before or 0)
            return part
        finally:
            if before is None:
                _found.reset(token)


def few(most: int) -> BeforeValidator:
    """Return a check that a mapping has at most so many entries, before any of them is looked at.

    pydantic checks the length of a list first, but that of a mapping only after all of its entries.
    """

    def checked(value: Any) -> Any:
        if isinstance(value, Mapping) and len(value) > most:
            context = {"field_type": "Dictionary", "max_length": most, "actual_length": len(value)}
            raise PydanticKnownError("too_long", context)
        return value

    return BeforeValidator(checked)


def _with_few_strangers(written: Mapping[Any, Any], known: frozenset[str]) -> dict[Any, Any]:
    """Return what is known of a mapping, and as many of the other names as callers are told."""
    strangers = islice((name for name in written if name not in known), MAX_COMPLAINTS)
    told = {*strangers, *(name for name in known if name in written)}
    # In the order in which it was written, since the first that is wrong is told first.
    return {name: value for name, value in written.items() if name in told}
