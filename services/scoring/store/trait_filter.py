"""Profiles by a trait: what its rows, its stand-ins, effects and addresses may tell of it."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from services.scoring.tables import effects, identities, traits
from shared.known_traits import COMPANY, canonical, sources
from shared.vocabulary import EFFECTS

FROM_EMAIL: Final = ("company", "email_domain")
"""The traits that an e-mail address tells where nothing else does."""

_mine = identities.alias("mine")


def may_have(name: str, value: str) -> sa.ColumnElement[bool]:
    """Tell of `identities` whether a profile may have a trait, or what a path leads to, with a value.

    It is so of all who have it, and of some who had it once: the caller looks at what is known now.
    """
    path = canonical(name)
    # A number or a truth is told without quotes.
    told = [_json(value), value]
    found = [sa.exists().where(_is_mine(traits), sa.or_(*_rows(path, value, told)))]
    types = [type_ for type_, effect in EFFECTS.items() if effect.trait == path]
    if any(_json(EFFECTS[type_].value) in told for type_ in types):
        found.append(sa.exists().where(_is_mine(effects), effects.c.type.in_(types)))
    if path in FROM_EMAIL:
        is_at = _mine.c.value.endswith(f"@{value}", autoescape=True)
        if path == COMPANY:
            # A company has the domains below its own, too.
            is_at |= _mine.c.value.endswith(f".{value}", autoescape=True)
        found.append(sa.exists().where(_mine.c.profile_id == identities.c.id, _mine.c.kind == "email", is_at))
    return sa.or_(*found)


def _is_mine(table: sa.Table) -> sa.ColumnElement[bool]:
    return (_mine.c.profile_id == identities.c.id) & (table.c.identity_id == _mine.c.id)


def _rows(path: str, value: str, told: list[str]) -> Iterator[sa.ColumnElement[bool]]:
    """Yield of rows of traits whether they may tell the value."""
    for trait in sorted(sources(path)):
        of_trait = traits.c.name == trait
        if trait == "name" != path:
            # One word or several of a whole name.
            words = (traits.c.value.contains(word, autoescape=True) for word in value.split())
            yield sa.and_(of_trait, *words)
        elif path.startswith(f"{trait}."):
            key = _json(path.rpartition(".")[2])
            within = (traits.c.value.contains(f"{key}:{one}", autoescape=True) for one in told)
            yield of_trait & sa.or_(*within)
        else:
            yield of_trait & traits.c.value.in_(told)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
