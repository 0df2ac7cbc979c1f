"""The day of crossing is the first of all days, asked one by one, that reaches the flip number."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.core.pricing.crossing import crossed_by, crossed_on
from services.scoring.core.pricing.price import columns_of
from services.scoring.core.pricing.scores import points
from services.scoring.matrix.reading import stored_matrix
from tests.oracle.fold import lives
from tests.oracle.matrices import MODEL, Json, days
from tests.oracle.worlds import DrawnWorld, worlds
from tests.property.known import known_of

LONG = 150

# Most losses fade, since only a fading loss brings a profile over the flip number without an interaction.
_fading = st.one_of(days(3), days(40), days(3_660)).map(lambda half_life: {"half_life": half_life})


@st.composite
def worlds_of_losses(draw: st.DrawFn) -> DrawnWorld:
    """Draw a world in which about every other rule takes points, which mostly fade."""
    world = draw(worlds(most=12))

    def taking(rule: Json) -> Json:
        loss = {name: value for name, value in rule.items() if name not in {"half_life", "window"}}
        return loss | {"points": -abs(rule["points"])} | draw(_fading)

    rules = [taking(rule) if draw(st.booleans()) else rule for rule in world.matrix["rules"]]
    return world._replace(matrix=world.matrix | {"rules": rules})


@settings(max_examples=60)
@given(worlds_of_losses(), st.data())
def test_crossed_on_is_the_first_of_all_days_that_reaches_the_flip_number(
    world: DrawnWorld, data: st.DataObject
) -> None:
    matrix = stored_matrix(MODEL, world.matrix)
    for life in lives(world.events).values():
        known = known_of(life, matrix)
        until = world.day + LONG
        scores = {
            day: points(known, matrix, day) for day in range(life.first_day(world.matrix, until), until + 1)
        }
        above = sorted({score for score in scores.values() if score > 0})
        if not above:
            continue
        # A flip number that is just reached on some day, and one that is nearly reached.
        flip_number = data.draw(st.sampled_from(above)) + data.draw(st.sampled_from([0, 0.0004, -0.0004]))
        flipping = matrix.model_copy(update={"flip_number": flip_number})
        crossed = crossed_on(known, flipping, until)
        day = next((day for day, score in scores.items() if score >= flip_number), None)
        assert crossed == day
        # The search for a profile that reaches the number prices fewer days, and finds the same.
        if reaching := [last for last, score in scores.items() if score >= flip_number]:
            last = data.draw(st.sampled_from(reaching))
            assert crossed_by(known, columns_of([known], flipping), flipping, last) == day
