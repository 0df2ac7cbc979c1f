"""Profiles that are priced together get exactly the scores that each gets alone and by the definition."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.core.pricing.appraisal import Appraisal, appraise, appraise_all
from services.scoring.core.pricing.price import ScoreInput, columns_of, price
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.reading import stored_matrix
from tests.oracle.fold import lives
from tests.oracle.matrices import MODEL, Json, matrices
from tests.oracle.standing import standing
from tests.oracle.worlds import DrawnWorld, worlds
from tests.property.agreement import assert_same_points
from tests.property.known import known_of
from tests.unit.scoring.columns import Parts, scores

# Points with multiples and sums on, or next to, half a step of a score.
ODD = [0.1, 0.2, -0.3, 0.7, 0.0005, 0.0015, -0.0025, 2.6745, 0.0625, -0.1875, 1 / 3, 1e-9, 1_000.0005]


@st.composite
def odd_worlds(draw: st.DrawFn) -> DrawnWorld:
    """Draw a world in which rules give points that doubles cannot represent."""
    world, points = draw(worlds(most=15)), st.sampled_from(ODD)
    odd = {
        kind: [rule | {"points": draw(points)} for rule in world.matrix[kind]] for kind in ("rules", "traits")
    }
    return world._replace(matrix=world.matrix | odd)


def known_in(world: DrawnWorld, *all_matrices: Matrix) -> list[ScoreInput]:
    """What is known of all people, counted for several matrices."""
    return [known_of(life, *all_matrices) for life in lives(world.events).values()]


def batches(data: st.DataObject, known: Sequence[ScoreInput]) -> list[list[int]]:
    """The indexes of profiles in any order and any batches; some profiles are in several batches."""
    indexes = st.integers(0, len(known) - 1)
    order = [*data.draw(st.permutations(range(len(known)))), *data.draw(st.lists(indexes, max_size=3))]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(order)), max_size=3)))
    return [order[start:end] for start, end in pairwise([0, *cuts, len(order)]) if start < end]


def alone(known: ScoreInput, matrix: Matrix, day: int) -> tuple[Parts, Appraisal]:
    score = price(known, matrix, day)
    appraisal = appraise(known, matrix, day)
    assert appraisal.score == score.points
    return Parts(score.points, score.fit, score.engagement), appraisal


@settings(max_examples=100)
@given(worlds() | odd_worlds(), matrices(), st.data())
def test_pricing_profiles_together_equals_pricing_each_alone(
    world: DrawnWorld, other: Json, data: st.DataObject
) -> None:
    """Also if the columns have the counts of another matrix, too."""
    matrix, others = stored_matrix(MODEL, world.matrix), [stored_matrix(MODEL, other)]
    known = known_in(world, matrix, *others)
    expected = [alone(profile, matrix, world.day) for profile in known]
    others = data.draw(st.sampled_from([[], others]))
    for indexes in batches(data, known):
        some = [known[index] for index in indexes]
        together = appraise_all(some, columns_of(some, matrix, *others), matrix, world.day)
        found = scores(some, matrix, world.day, *others)
        assert list(zip(found, together, strict=True)) == [expected[index] for index in indexes]


@settings(max_examples=100)
@given(worlds())
def test_scores_and_appraisals_in_columns_equal_those_of_the_oracle(world: DrawnWorld) -> None:
    matrix = stored_matrix(MODEL, world.matrix)
    due = list(lives(world.events).values())
    known = [known_of(life, matrix) for life in due]
    appraisals = appraise_all(known, columns_of(known, matrix), matrix, world.day)
    each = zip(due, scores(known, matrix, world.day), appraisals, strict=True)
    for life, found, appraisal in each:
        expected = life.account(world.matrix, world.day)
        assert_same_points(found.points, expected.exact, world.matrix)
        assert_same_points(found.fit, expected.fit, world.matrix)
        assert_same_points(found.engagement, expected.engagement, world.matrix)
        assert appraisal.score == found.points
        if not any("half_life" in rule for rule in world.matrix["rules"]):
            grade = appraisal.grade if "grades" in world.matrix else None
            assert (appraisal.stage, grade, appraisal.state) == standing(life, world.matrix, world.day)
