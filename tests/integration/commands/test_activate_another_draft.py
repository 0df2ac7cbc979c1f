"""`flipline activate` with a matrix if another draft exists already, or comes meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.builders import rule
from tests.worlds.instance import DEARER, MATRIX, Instance


def test_a_draft_changed_during_confirmation_is_not_activated(
    instance: Instance, file: Callable[[Any], str]
) -> None:
    def meanwhile() -> bytes:
        assert instance.http.put("/v1/models/raced/draft", json=DEARER).is_success
        return b"y\n"

    exit_code, printed = instance.run_at_terminal("raced", "--matrix", file(MATRIX), answer=meanwhile)
    assert exit_code == 1
    assert "the draft has changed since it was shown" in printed
    assert instance.model("raced")["active_version"] is None


def drafted(instance: Instance, model: str) -> Any:
    draft = instance.http.get(f"/v1/models/{model}/draft")
    return (draft.json()["matrix"]["rules"][0]["points"], draft.headers["ETag"])


def test_without_a_terminal_another_draft_is_replaced_only_with_the_yes_option(
    instance: Instance, file: Callable[[Any], str]
) -> None:
    for active in (False, True):
        theirs = MATRIX | {"rules": [rule("visits", 10 + active)]}
        assert instance.http.put("/v1/models/theirs/draft", json=theirs).is_success
        before = drafted(instance, "theirs")
        exit_code, printed = instance.activate("theirs", "--matrix", file(DEARER))
        assert exit_code == 1
        assert "theirs: another draft exists and would be replaced" in printed
        assert ("points 30 -> 11" if active else "visits: added, 10 points") in printed
        assert "Nothing was changed: another draft of theirs exists" in printed
        assert drafted(instance, "theirs") == before
        exit_code, printed = instance.activate("theirs", "--matrix", file(DEARER), "--yes")
        assert exit_code == 0, printed
        assert "another draft exists and would be replaced" in printed
        assert drafted(instance, "theirs")[0] == 30


def test_an_identical_draft_is_not_reported_as_another_draft(
    instance: Instance, file: Callable[[Any], str]
) -> None:
    assert instance.http.put("/v1/models/same/draft", json=MATRIX).is_success
    exit_code, printed = instance.activate("same", "--matrix", file({**MATRIX, "model": "same"}))
    assert exit_code == 1
    assert "another draft" not in printed
    assert "Nothing was activated: there is no terminal" in printed


@pytest.mark.parametrize(("answers", "points"), [([b"n\n"], 10), ([b"y\n", b"n\n"], 30)])
def test_a_terminal_user_confirms_before_another_draft_is_replaced(
    instance: Instance, file: Callable[[Any], str], answers: list[bytes], points: int
) -> None:
    assert instance.http.put("/v1/models/mine/draft", json=MATRIX).is_success
    exit_code, printed = instance.run_at_terminal(
        "mine",
        "--matrix",
        file(DEARER),
        answer=lambda: answers.pop(0),
        questions=("Replace that draft?", "Activate?"),
    )
    assert exit_code == 1
    assert "Replace that draft?" in printed
    assert drafted(instance, "mine")[0] == points
