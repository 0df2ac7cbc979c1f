"""Naming: how readers recognise a profile that a list has by its id."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from services.scoring.core.counting.tally import day_of
from services.scoring.core.pricing.appraisal import company_of
from services.scoring.matrix.needed_traits import COMPANY_TRAITS
from services.scoring.store import former, traits
from services.scoring.store.profiles import find
from shared.identity import Identity, by_strength


class Named(NamedTuple):
    """The strongest identity of a profile, and its company where it is known."""

    identity: Identity
    company: str | None


def name_profiles(connection: Connection, profile_ids: Iterable[str], now: datetime) -> dict[str, Named]:
    """Return the names of profiles by id; an id without a profile is left out.

    An id from before a merge or a renewal has the name of the profile of today.
    """
    ids = sorted(set(profile_ids))
    led_to = former.led_to(connection, ids)
    profiles = find(connection, [led_to.get(profile_id, profile_id) for profile_id in ids])
    histories = traits.read(connection, profiles, COMPANY_TRAITS)
    names = {
        identity_id: Named(
            by_strength(profile.identities.values())[0],
            company_of(histories[profile.id], day_of(now)),
        )
        for profile in profiles
        for identity_id in profile.identities
    }
    return {
        profile_id: names[today]
        for profile_id in ids
        if (today := led_to.get(profile_id, profile_id)) in names
    }
