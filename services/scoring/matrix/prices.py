"""Prices: points, limit, cap, half-life and window of rules, as columns in the order of the rules."""

from collections.abc import Sequence
from typing import Final, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from services.scoring.matrix.rules import Per, Rule

PERIODS: Final[tuple[Per, ...]] = get_args(Per)

# No profile has matched as often, and no window is as long.
_NO_LIMIT: Final = 2**62
_NO_WINDOW: Final = 2**31


class Prices(NamedTuple):
    """A row for each rule, in which `per` is an index into `PERIODS`; a long period is more than a day.

    A rule without a half-life has 0; a rule without another bound has a value that is never reached.
    """

    points: NDArray[np.float64]
    times: NDArray[np.int64]
    per: NDArray[np.int64]
    is_long: NDArray[np.bool_]
    half_life: NDArray[np.int64]
    window: NDArray[np.int64]
    cap: NDArray[np.float64]
    has_windows: bool


def prices_of(rules: Sequence[Rule]) -> Prices:
    """Return the columns for rules."""
    limits = [
        (rule.limit.times, PERIODS.index(rule.limit.per)) if rule.limit else (_NO_LIMIT, 0) for rule in rules
    ]
    windows = [rule.window or _NO_WINDOW for rule in rules]
    return Prices(
        np.array([rule.points for rule in rules], np.float64),
        np.array([times for times, _ in limits], np.int64),
        np.array([per for _, per in limits], np.int64),
        np.array([PERIODS[per] != "day" for _, per in limits], np.bool_),
        np.array([rule.half_life or 0 for rule in rules], np.int64),
        np.array(windows, np.int64),
        np.array([np.inf if rule.cap is None else rule.cap for rule in rules], np.float64),
        any(rule.window is not None for rule in rules),
    )
