"""Scores over time equal the scores of each day priced by itself, for any days."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.core.pricing.over_time import sums_over
from services.scoring.core.pricing.price import columns_of, price
from services.scoring.matrix.reading import stored_matrix
from tests.oracle.matrices import MODEL
from tests.oracle.worlds import DAYS, FIRST_DAY, DrawnWorld, worlds
from tests.property.test_many_profiles import known_in, odd_worlds

FIRST = FIRST_DAY.toordinal()
day_sets = st.sets(st.integers(FIRST - 3, FIRST + 2 * DAYS) | st.integers(1, FIRST + 40 * DAYS), min_size=1)


@settings(max_examples=60)
@given(worlds(most=12) | odd_worlds(), day_sets)
def test_sums_over_days_equal_the_price_of_each_day(world: DrawnWorld, days: set[int]) -> None:
    matrix = stored_matrix(MODEL, world.matrix)
    for known in known_in(world, matrix):
        columns = columns_of([known], matrix)
        found = sums_over(known, columns, matrix, np.array(sorted(days), np.int64)).points.tolist()
        expected = [price(known, matrix, day).exact for day in sorted(days)]
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
