"""The fold: the version of the rules by which events became the tables. Pure.

Another fold would make other tables of the same log, and what it adds would not fit the rows that are
stored. So the tables record which fold built them.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from shared.identity import Forms

NUMBER: Final = 2
"""Raised whenever this code makes other tables from the same log than the released code before it.

1  until normal forms were stored beside the tables
2  current normal forms, placeholders, touches, interactions that set traits
"""
BEFORE_FOLDS_WERE_KEPT: Final = 1

RENEW: Final = (
    "`flipline renew` builds them again from the log and changes nothing that sales has received; "
    "`flipline up` with the embedded log does so when it starts."
)


class Fold(NamedTuple):
    """The number of the code's rules, the rules of normal forms, and the limits of identities per profile."""

    number: int
    forms: str
    limits: str

    def difference(self, built_by: "Fold") -> str | None:
        """Return why tables that another fold built are not what this fold would make; None when they are."""
        if built_by.number != self.number:
            older = "an older" if built_by.number < self.number else "a newer"
            return (
                f"Scoring's tables were built by {older} version of Flipline (fold {built_by.number}; this "
                f"version makes fold {self.number})."
            )
        if built_by.forms != self.forms:
            return (
                "Scoring's tables were built with other forms of identities: FLIPLINE_PHONE_REGION or "
                "FLIPLINE_PLACEHOLDER_IDS has changed since."
            )
        if built_by.limits != self.limits:
            return (
                f"Scoring's tables were built with FLIPLINE_IDENTITY_LIMITS={built_by.limits}, which is "
                f"{self.limits} now."
            )
        return None


def fold_of(forms: Forms, limits: Mapping[str, int]) -> Fold:
    """Return the fold of this code under these settings."""
    limits_text = ",".join(f"{kind}={limit}" for kind, limit in sorted(limits.items()))
    return Fold(NUMBER, forms.fingerprint, limits_text)
