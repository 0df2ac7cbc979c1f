"""Aliases: which user ids belong to the same user, because one is declared a former id of another.

Two linked user ids have an alias when one of them is linked with the `former_user_id` of either. They then
count as one user id: a profile can have both, and a device that one of them shared with another user joins
neither of them with that user.
"""

from collections.abc import Collection, Mapping

from shared.identity import FORMER_USER_ID, USER_ID, Identity


def same_users(identities: Mapping[str, Identity], pairs: Collection[tuple[str, str]]) -> Mapping[str, str]:
    """Return for each user id that has an alias the id that stands for all its aliases.

    `pairs` are the ids of linked identities, `identities` has all of these identities by id.
    """
    former = {
        (user_id, identities[other].value)
        for user_id, other in pairs
        if identities[other].kind == FORMER_USER_ID
    }
    if not former:
        return {}
    group_of: dict[str, set[str]] = {}
    for pair in pairs:
        if all(identities[i].kind == USER_ID for i in pair) and any(
            (i, identities[j].value) in former for i in pair for j in pair
        ):
            joined = set(pair).union(*(group_of.get(i, ()) for i in pair))
            group_of.update(dict.fromkeys(joined, joined))
    return {i: min(group) for i, group in group_of.items()}
