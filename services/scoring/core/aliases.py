"""Aliases: which user ids are the same user's, because somebody said that one of them is a former one.

Two user ids that are linked are so, when one of them is linked with the `former_user_id` of either.
They count as one user id then: so the two can be one person, and a device that one of them shared with
another user joins neither of them with that other.
"""

from collections.abc import Collection, Mapping

from shared.identity import FORMER_USER_ID, USER_ID, Identity


def same_users(identities: Mapping[str, Identity], pairs: Collection[tuple[str, str]]) -> Mapping[str, str]:
    """Return of each user id that has an alias the id that stands for all of them.

    `pairs` are the ids of identities that are linked, `identities` all of them by id.
    """
    former = {
        (one, identities[other].value) for one, other in pairs if identities[other].kind == FORMER_USER_ID
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
