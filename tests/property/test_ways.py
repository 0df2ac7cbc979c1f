"""Every way to the flip number leads there by the definition, and no shorter one of its kind does."""

from itertools import islice, product

from hypothesis import given, settings
from msgspec import structs

from services.scoring.core.explaining.example import Example, examples
from services.scoring.core.explaining.ways import BECOME, DO, Way, missing
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.reading import stored_matrix
from shared.events import Interaction
from shared.identity import Identity
from tests.oracle.conditions import met_by_interaction, met_by_traits
from tests.oracle.fold import Life, lives
from tests.oracle.matrices import MODEL, Json
from tests.oracle.traits import traits_at
from tests.oracle.worlds import TRAITS, DrawnWorld, worlds
from tests.property.agreement import HALF_A_STEP, TOLERANCE
from tests.property.known import known_of

# Values that trait rules compare with and that no person of these worlds reports, and missing values.
_OTHERS = {
    "company": ("acme.example",),
    "email_domain": ("acme.example", "gmail.com", None),
    "user_id": ("1", None),
}


@settings(max_examples=60)
@given(worlds(most=8))
def test_every_way_reaches_the_flip_number_with_the_fewest_matches(world: DrawnWorld) -> None:
    matrix = stored_matrix(MODEL, world.matrix)
    flip_number = world.matrix["flip_number"]
    # A fading score agrees with the definition to 0.001.
    slack = HALF_A_STEP + TOLERANCE if any("half_life" in rule for rule in world.matrix["rules"]) else 0
    for life in lives(world.events).values():
        known = known_of(life, matrix)
        for way in missing(known, matrix, world.day).ways:
            if way.kind != DO:
                assert _best_by_traits(way, life, world) >= flip_number - slack
            else:
                assert _score_after(way.times, way, life, world, (known, matrix)) >= flip_number - slack
                assert _score_after(way.times - 1, way, life, world, (known, matrix)) < flip_number + slack


def _score_after(
    times: int, way: Way, life: Life, world: DrawnWorld, known_and_matrix: tuple[ScoreInput, Matrix]
) -> float:
    """Return the score after `times` further matches of a way."""
    known, matrix = known_and_matrix
    (rule,) = (candidate for candidate in matrix.rules if candidate.id == way.rule)
    (raw,) = (candidate for candidate in world.matrix["rules"] if candidate["id"] == way.rule)
    further = [
        _happened(example, f"further-{number}", min(life.person))
        for number, example in enumerate(islice(examples(rule, known.counts, world.day), times))
    ]
    assert all(met_by_interaction(raw["when"], example) for example in further)
    return (
        Life(life.person, [*life.interactions, *further], life.retracted)
        .account(world.matrix, world.day)
        .score
    )


def _happened(example: Example, id: str, identity: Identity) -> Interaction:
    """Return the interaction that an example would be, had it happened."""
    return Interaction(
        id=id, identities=(identity,), received_at=example.occurred_at, **structs.asdict(example)
    )


def _best_by_traits(way: Way, life: Life, world: DrawnWorld) -> float:
    """Return the best score with any traits by which a rule is met, or not met, as a way asks."""
    (raw,) = (candidate for candidate in world.matrix["traits"] if candidate["id"] == way.rule)
    values = {
        name: [*listed, *_OTHERS.get(name, ()), "example"] for name, listed in (_OTHERS | TRAITS).items()
    }
    account = life.account(world.matrix, world.day)
    scores: list[float] = []
    now = traits_at(life.person, life.interactions, world.day, life.retracted)
    # A reported trait can be taken back, and then the trait of the identities is seen.
    lasting = {name: value for name, value in now.items() if name not in values}
    lasting |= traits_at(life.person, (), world.day)
    for chosen in product(*values.values()):
        reported = {name: value for name, value in zip(values, chosen, strict=True) if value is not None}
        traits = {**lasting, **reported}
        if met_by_traits(raw["when"], traits) == (way.kind == BECOME):
            scores.append(round(account.engagement + _fit(world.matrix, traits), 3))
    return max(scores)


def _fit(matrix: Json, traits: Json) -> float:
    given = {rule["id"]: rule["points"] for rule in matrix["traits"] if met_by_traits(rule["when"], traits)}
    group = matrix["groups"].get("of_traits", {"rules": (), "cap": 0})
    grouped = sum(points for rule, points in given.items() if rule in group["rules"])
    return sum(given.values()) - grouped + max(-group["cap"], min(group["cap"], grouped))
