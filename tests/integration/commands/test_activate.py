"""`flipline activate` as ops uses it, against a running instance."""

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from services.ops.activate import activate
from services.ops.activation_request import ActivationRequest
from shared.errors import Conflict, Refused, Unauthorized
from tests.support.builders import rule
from tests.worlds.instance import DEARER, MATRIX, Instance


def test_activating_a_first_matrix_prints_warnings_difference_preview_and_result(
    instance: Instance, file: Callable[[Any], str]
) -> None:
    odd = MATRIX | {"stages": {"aware": 5, "beyond": 900}, "rules": [rule("visits", 10, cap=40)]}
    given = ("--matrix", file(odd), "--yes", "--note", "the first", "--author", "Olga")
    exit_code, printed = instance.activate("first", *given)
    assert exit_code == 0, printed
    assert "field rule warning stages.beyond no one can reach 900" in printed
    assert "first: from nothing to the draft" in printed
    assert "visits: added, 10 points for visit, at most 40 yes" in printed
    assert "Preview: 2 profiles under the draft" in printed
    assert "none 10 +10" in printed
    assert "first: version 1 scores now" in printed
    assert "Back:" not in printed
    (version,) = instance.http.get("/v1/models/first/versions").json()["items"]
    assert (version["active"], version["note"], version["author"]) == (True, "the first", "Olga")


def test_a_matrix_that_makes_no_leads_is_warned_about_first_and_before_the_activation(
    instance: Instance, file: Callable[[Any], str]
) -> None:
    matrix = MATRIX | {
        "rules": [rule("visits", 10, cap=10), rule("rides", 30, when={"type": "vist"})],
        "requires": ["emial"], "excludes": [{"emial": {"exists": True}}],
    }  # fmt: skip
    exit_code, printed = instance.activate("nobody", "--matrix", file(matrix), "--yes")
    assert exit_code == 0, printed
    excluded = "no profile can become a lead: all profiles with emial, as `requires` asks, are excluded"
    unmet = (
        "no profile becomes a lead: no profile meets rides, "
        "and the other rules give at most 10 of the 25 points"
    )
    assert (
        f"field rule warning excludes.0 {excluded} flip_number {unmet} requires.0 no profile is handed over"
        in printed
    )
    assert "rules.1.when.type rides no interaction of type vist ever came; did you mean `visit`?" in printed
    assert (
        printed.index("Preview:")
        < printed.index(f"Warning: {excluded}. Warning: {unmet}.")
        < printed.index("scores now")
    )


def test_activating_other_points_prints_the_flips_and_the_rollback_command(
    instance: Instance, file: Callable[[Any], str]
) -> None:
    instance.activate_in_process("points", matrix=Path(file(MATRIX)))
    exit_code, printed = instance.activate("points", "--matrix", file(DEARER), "--handoff", "all", "--yes")
    assert exit_code == 0, printed
    assert (
        "points: from version 1 to the draft what changes needs counting visits: points 10 -> 30" in printed
    )
    assert printed.count("reach the flip number and were never a lead 2") == 2, "in the preview, and after"
    assert "10 30 +20" in printed
    assert "handed over now 2" in printed
    assert "Next: GET /v1/leads?model=points" in printed
    assert "To go back: flipline activate points --version 1" in printed

    printed = instance.activate_in_process("points", version=1)
    assert "points: from version 2 to version 1" in printed
    assert "Preview: 2 profiles under version 1" in printed
    assert printed.count("un-flipped: reached it, and no longer do 2") == 2, "in the preview, and after"
    assert instance.model("points")["active_version"] == 1
    with pytest.raises(Conflict, match="Version 1 of points is active already"):
        instance.activate_in_process("points", version=1)


def test_kept_back_profiles_are_reported_with_commands_to_list_and_hand_them_over(
    instance: Instance, file: Callable[[Any], str]
) -> None:
    printed = instance.activate_in_process("kept", matrix=Path(file(DEARER)), handoff="none")
    assert "GET /v1/profiles?model=kept&kept_back=true lists all 2; flipline activate kept" in printed
    assert "--version 1 --handoff all hands them over" in printed
    printed = instance.activate_in_process("kept", matrix=Path(file(DEARER)), handoff="new_activity_only")
    assert printed.count("an activation kept them from sales 2") == 2, "in the preview, and after"
    assert "lists all 2;" in printed
    printed = instance.activate_in_process("kept", matrix=Path(file(DEARER)), handoff="all")
    assert "handed over now 2" in printed
    assert "lists all" not in printed


def test_all_errors_of_a_matrix_are_reported_and_no_draft_is_stored(
    instance: Instance, file: Callable[[Any], str]
) -> None:
    # The console reads colours from brackets, and must not fail on brackets of a user.
    wrong = {"flip_number": 25, "rules": [rule("visits", 30) | {"[/red]": 1}, {"id": "x", "points": 1}]}
    exit_code, printed = instance.activate("wrong", "--matrix", file(wrong), "--yes")
    assert exit_code == 1
    assert "rules.0.[/red] rule visits: is not known" in printed
    assert "rules.1.when rule x: is missing" in printed
    assert "flipline: rules.0.[/red]: rule visits: is not known" in printed
    assert "The draft is unchanged." in printed
    assert "Traceback" not in printed
    assert instance.http.get("/v1/models/wrong/draft").status_code == 404


def test_without_a_terminal_and_without_yes_nothing_is_activated(
    instance: Instance, file: Callable[[Any], str], tmp_path: Path
) -> None:
    """With the key of ops alone, as on another machine."""
    elsewhere = ("--data-dir", str(tmp_path / "none"))
    exit_code, printed = instance.activate(
        "unasked", "--matrix", file(DEARER), *elsewhere, ops_keys=instance.keys["ops"][0]
    )
    assert exit_code == 1
    assert "never a lead 2" in printed
    assert "Nothing was activated" in printed
    assert "--yes" in printed
    assert instance.model("unasked") == {
        "model": "unasked",
        "active_version": None,
        "has_draft": True,
        "activating": None,
        "retired_at": None,
    }


def test_answering_no_activates_nothing_and_leaves_the_draft(
    instance: Instance, file: Callable[[Any], str]
) -> None:
    exit_code, printed = instance.run_at_terminal("asked", "--matrix", file(MATRIX), answer=lambda: b"n\n")
    assert exit_code == 1
    assert "Nothing was activated. The draft is unchanged." in printed
    assert instance.model("asked") == {
        "model": "asked",
        "active_version": None,
        "has_draft": True,
        "activating": None,
        "retired_at": None,
    }


def test_an_unreachable_instance_is_reported_without_a_traceback(instance: Instance) -> None:
    exit_code, printed = instance.activate("m", "--url", "http://127.0.0.1:1", "--yes")
    assert exit_code == 1
    assert "There is no answer from http://127.0.0.1:1." in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    ("model", "options", "advice"),
    [
        ("unknown", {}, "There is no draft of unknown. Give a draft with --matrix"),
        ("unknown", {"version": 7}, "There is no model unknown. PUT its draft first"),
        ("Big", {"version": 7}, "path.model: "),
        ("a/b", {"version": 7}, "Check --url"),
    ],
)
def test_refusals_of_the_instance_are_reported_with_advice(
    instance: Instance, model: str, options: dict[str, Any], advice: str
) -> None:
    with pytest.raises(Refused, match=re.escape(advice)):
        instance.activate_in_process(model, **options)


def test_a_key_of_another_instance_is_refused_with_advice(instance: Instance) -> None:
    request = ActivationRequest("m", yes=True)
    with pytest.raises(Unauthorized, match="name this instance's data directory with --data-dir"):
        activate(request, url=instance.url, key="another", console=Console(file=StringIO()))


def test_a_model_beyond_the_first_page_of_models_is_found(instance: Instance) -> None:
    """If the draft were taken for a new one, it would be refused because it exists."""
    for number in range(51):
        assert instance.http.put(f"/v1/models/y_{number:02}/draft", json=MATRIX).is_success
    assert instance.http.put("/v1/models/zzz/draft", json=MATRIX).is_success
    assert "next_cursor" in instance.http.get("/v1/models").json()
    assert "from nothing to the draft" in instance.activate_in_process("zzz")
