"""The names that a request may use: models, kinds of identity and traits. Unknown names are refused.

Kinds and traits are open vocabularies: known are those that Flipline has a use for, and all that ever came.
"""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import sqlalchemy as sa

from services.scoring.matrix.version import Version
from services.scoring.store import names
from services.scoring.store.models import active, version_of
from services.scoring.store.tables import identities, models, seen_names, versions
from shared.database.distinct import distinct_values
from shared.errors import NotFound
from shared.identity import STRONGEST_FIRST, WEAKEST
from shared.known_traits import KNOWN_TRAITS, canonical, objects_with
from shared.values import check_known
from shared.wording import suggestion

KINDS: Final = (*STRONGEST_FIRST, WEAKEST)
_MAX_KINDS: Final = 1_000

Which: TypeAlias = int | Literal["draft"] | None
"""A version by its number, the draft, or the active version."""

_MODEL_HINT: Final = "PUT /v1/models/{model}/draft makes a model."


def check_kind(connection: sa.Connection, field: str, kind: str) -> None:
    """Raise Refused, naming the field, for a kind of identity that is not ours and that no profile has."""
    if kind in KINDS or _has(connection, identities.c.kind, kind):
        return
    others = distinct_values(connection, identities.c.kind, _MAX_KINDS)
    check_known("kind_unknown", {field: kind}, [*KINDS, *(other for other in others if other not in KINDS)])


def check_trait(connection: sa.Connection, field: str, name: str) -> None:
    """Raise Refused, naming the field, for a trait that was never set and that no active matrix asks for.

    Once there are too many names to store, every name passes.
    """
    known = {*KNOWN_TRAITS, *KINDS, *map(canonical, active(connection).needed_traits)}
    # An object is known by its own name, and so are the paths into it.
    its_names = {
        part for spelling in (name, canonical(name)) for part in (spelling, spelling.partition(".")[0])
    }
    of_traits = seen_names.c.kind == "trait"
    if not its_names.isdisjoint(known):
        return
    if _has(connection, seen_names.c.kind, "trait", seen_names.c.name.in_(sorted(its_names))):
        return
    if "trait" in names.full_kinds(connection):
        return
    objects = sa.select(seen_names.c.name).where(of_traits, seen_names.c.form == "object")
    seen_objects = map(canonical, connection.execute(objects).scalars())
    if not objects_with(name).isdisjoint(seen_objects):
        return
    query = sa.select(seen_names.c.name).where(of_traits).distinct().order_by(seen_names.c.name)
    seen = connection.execute(query).scalars()
    check_known("trait_unknown", {field: name}, [*dict.fromkeys([*seen, *sorted(known)])])


def check_model(connection: sa.Connection, field: str, model: str) -> None:
    """Raise Refused, naming the field, for a model that does not exist."""
    if not is_there(connection, model):
        check_known("model_unknown", {field: model}, _models(connection), _MODEL_HINT)


def is_there(connection: sa.Connection, model: str) -> bool:
    """Return whether a model exists."""
    return _has(connection, models.c.model, model)


def require_model(connection: sa.Connection, model: str) -> None:
    """Raise NotFound, for the model in a request's path, when it does not exist."""
    if not is_there(connection, model):
        raise model_unknown(connection, model)


def model_unknown(connection: sa.Connection, model: str) -> NotFound:
    """Return the error that a model does not exist, with the name that is most likely meant."""
    near = suggestion(model, _models(connection))
    advice = f"; did you mean `{near}`?" if near else ". PUT its draft first."
    return NotFound("model_unknown", f"There is no model {model}{advice}")


def active_version_of(connection: sa.Connection, model: str, field: str | None = None) -> Version:
    """Return the active version of a model; raises NotFound when there is none.

    With a field that names the model, Refused replaces NotFound for a model that does not exist.
    """
    version = version_of(connection, model, None)
    if version is None:
        if field is not None:
            check_model(connection, field, model)
        raise not_there(connection, model, None, field)
    return version


def not_there(connection: sa.Connection, model: str, which: Which, field: str | None = None) -> NotFound:
    """Return the error that a model has no such version; raises NotFound when the model does not exist."""
    require_model(connection, model)
    if which == "draft":
        return NotFound("draft_unknown", f"Model {model} has no draft; PUT one first.", field)
    if which is None and _has(connection, models.c.model, model, models.c.retired_at.is_not(None)):
        message = (
            f"Model {model} is retired and scores no profile until a version of it, or a draft, is activated."
        )
        return NotFound("version_unknown", message, field)
    query = sa.select(sa.func.max(versions.c.version)).where(versions.c.model == model)
    latest = connection.execute(query).scalar()
    several = f"it has 1 to {latest}" if (latest or 0) > 1 else "it has version 1 alone"
    has = several if latest else "none was activated yet"
    label = "active version" if which is None else f"version {which}"
    return NotFound("version_unknown", f"Model {model} has no {label}; {has}.", field)


def _models(connection: sa.Connection) -> Sequence[str]:
    return connection.execute(sa.select(models.c.model).order_by(models.c.model)).scalars().all()


def _has(
    connection: sa.Connection, column: sa.Column[str], value: str, *where: sa.ColumnElement[bool]
) -> bool:
    query = sa.select(sa.literal(1)).where(column == value, *where).limit(1)
    return connection.execute(query).one_or_none() is not None
