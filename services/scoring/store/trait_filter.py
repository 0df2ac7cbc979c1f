"""Profiles by a trait: which rows, derived traits, effects and addresses may give it a value."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from services.scoring.store.tables import effects, identities, traits
from shared.known_traits import COMPANY, canonical, sources
from shared.vocabulary import EFFECTS

FROM_EMAIL: Final = ("company", "email_domain")
"""The traits that an e-mail address gives if nothing else sets them."""

_member = identities.alias("member")


def may_have(name: str, value: str) -> sa.ColumnElement[bool]:
    """Return the SQL condition on `identities` that a profile may have a value of a trait or of a path.

    It holds for all profiles that have it and some that had it once: the caller checks the traits of today.
    """
    path = canonical(name)
    # A number or a truth value is given without quotes.
    spellings = [_json(value), value]
    found = [sa.exists().where(_is_of_member(traits), sa.or_(*_rows(path, value, spellings)))]
    types = [type_ for type_, effect in EFFECTS.items() if effect.trait == path]
    if any(_json(EFFECTS[type_].value) in spellings for type_ in types):
        found.append(sa.exists().where(_is_of_member(effects), effects.c.type.in_(types)))
    if path in FROM_EMAIL:
        is_at = _member.c.value.endswith(f"@{value}", autoescape=True)
        if path == COMPANY:
            # A company also has the domains below its own.
            is_at |= _member.c.value.endswith(f".{value}", autoescape=True)
        found.append(
            sa.exists().where(_member.c.profile_id == identities.c.id, _member.c.kind == "email", is_at)
        )
    return sa.or_(*found)


def _is_of_member(table: sa.Table) -> sa.ColumnElement[bool]:
    return (_member.c.profile_id == identities.c.id) & (table.c.identity_id == _member.c.id)


def _rows(path: str, value: str, spellings: list[str]) -> Iterator[sa.ColumnElement[bool]]:
    """Yield conditions on the rows of traits that may give the value."""
    for trait in sorted(sources(path)):
        of_trait = traits.c.name == trait
        if trait == "name" != path:
            # The value may be one word, or several words, of a full name.
            words = (traits.c.value.contains(word, autoescape=True) for word in value.split())
            yield sa.and_(of_trait, *words)
        elif path.startswith(f"{trait}."):
            key = _json(path.rpartition(".")[2])
            within = (traits.c.value.contains(f"{key}:{spelling}", autoescape=True) for spelling in spellings)
            yield of_trait & sa.or_(*within)
        else:
            yield of_trait & traits.c.value.in_(spellings)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
