"""Whether tables were built by today's fold, and if not, what differs."""

from services.scoring.core.fold import NUMBER, Fold, fold_of
from shared.identity import Forms


def test_the_difference_of_two_folds_is_described() -> None:
    now = fold_of(Forms("ES"), {"user_id": 1, "email": 5})
    assert now == Fold(NUMBER, Forms("ES").fingerprint, "email=5,user_id=1")
    assert now.difference(fold_of(Forms("ES"), {"email": 5, "user_id": 1})) is None
    for built_by, why in (
        (now._replace(number=NUMBER - 1), f"an older version of Flipline (fold {NUMBER - 1}"),
        (now._replace(number=NUMBER + 1), f"a newer version of Flipline (fold {NUMBER + 1}"),
        (fold_of(Forms("FR"), {"user_id": 1, "email": 5}), "FLIPLINE_PHONE_REGION"),
        (fold_of(Forms("ES", ["keine"]), {"user_id": 1, "email": 5}), "FLIPLINE_PLACEHOLDER_IDS"),
        (fold_of(Forms("ES"), {"user_id": 1}), "FLIPLINE_IDENTITY_LIMITS=user_id=1, which is email=5"),
    ):
        assert why in (now.difference(built_by) or "")
