"""`flipline models`, and `flipline activate` of the version that scores, as ops uses them."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from services.ops import handing_over
from services.ops.client import ops_api
from shared.errors import NotFound
from tests.support.builders import rule
from tests.support.patience import until
from tests.worlds.instance import Instance, words

FLIPS: dict[str, Any] = {"flip_number": 10, "rules": [rule("visits", 10)]}


def active(instance: Instance, model: str, **how: Any) -> None:
    assert instance.http.put(f"/v1/models/{model}/draft", json=FLIPS).is_success
    assert instance.http.post(f"/v1/models/{model}/activate", json=how).is_success


def leads(instance: Instance, model: str) -> list[Any]:
    key = {"Authorization": f"Bearer {instance.keys['crm'][0]}"}
    return instance.http.get("/v1/leads", params={"model": model}, headers=key).json()["items"]


def test_a_model_can_be_listed_shown_retired_after_confirmation_and_revived(
    instance: Instance, tmp_path: Path
) -> None:
    active(instance, "spring", note="the first")
    exit_code, printed = instance.run("models", "retire", "spring")
    assert exit_code == 1
    assert "Nothing was changed: there is no terminal to ask on. Add --yes." in printed
    assert "Version 1 of spring scores." in printed
    question: dict[str, Any] = {"questions": ("Retire spring?",), "command": ("models", "retire")}
    exit_code, printed = instance.run_at_terminal("spring", answer=lambda: b"n\n", **question)
    assert (exit_code, "Nothing was changed." in printed) == (1, True)
    assert instance.model("spring")["active_version"] == 1

    exit_code, printed = instance.run(
        "models", "retire", "spring", "--yes", "--note", "over", "--author", "Olga"
    )
    assert exit_code == 0, printed
    assert "To go back: flipline activate spring --version 1" in printed
    exit_code, printed = instance.run("models", "retire", "spring", "--yes")
    assert (exit_code, "spring is retired already" in printed) == (0, True)
    assert "spring retired at 20" in instance.run("models", "list")[1]
    exit_code, printed = instance.run("models", "show", "spring")
    assert exit_code == 0
    for part in ("retired by Olga", "retired because over", "the first 1"):
        assert part in printed

    printed = instance.activate_in_process("spring", version=1)
    assert "spring is retired. An activation revives it." in printed
    assert "spring: version 1 scores now" in printed
    assert instance.model("spring")["retired_at"] is None
    assert instance.http.delete("/v1/models/spring").is_success
    file = tmp_path / "matrix.json"
    file.write_text(json.dumps(FLIPS | {"flip_number": 5}))
    assert "spring: version 2 scores now" in instance.activate_in_process("spring", matrix=file)


def test_a_model_that_never_scored_is_removed(instance: Instance) -> None:
    assert instance.http.put("/v1/models/never/draft", json=FLIPS).is_success
    question: dict[str, Any] = {"questions": ("Remove never?",), "command": ("models", "retire")}
    exit_code, printed = instance.run_at_terminal("never", answer=lambda: b"y\n", **question)
    assert exit_code == 0, printed
    assert "never never scored: it is removed, and its draft with it." in printed
    exit_code, printed = instance.run("models", "show", "never")
    assert exit_code == 1
    assert "`flipline models list` shows the models." in printed
    assert "--matrix" not in printed


def test_a_model_activated_during_the_confirmation_is_not_retired(instance: Instance) -> None:
    active(instance, "busy")

    def meanwhile() -> bytes:
        active(instance, "busy")
        return b"y\n"

    question: dict[str, Any] = {"questions": ("Retire busy?",), "command": ("models", "retire")}
    exit_code, printed = instance.run_at_terminal("busy", answer=meanwhile, **question)
    assert exit_code == 1
    assert "Nothing was changed: another request has just changed busy. Run this command again." in printed
    assert instance.model("busy")["active_version"] == 2


def test_kept_back_profiles_are_handed_over_by_id_or_all_under_the_active_version(
    instance: Instance,
) -> None:
    active(instance, "named", handoff="none")
    ana, ben = (instance.profiles(name)[0]["id"] for name in ("ana", "ben"))
    exit_code, printed = instance.run("models", "handoff", "named", ana, "nobody", "--note", "met")
    assert exit_code == 0, printed
    assert f"{ana} handed over lead_" in printed
    assert "nobody profile unknown There is no such profile." in printed
    assert "handed over: 1; profile unknown: 1" in printed
    until(lambda: len(leads(instance, "named")) == 1)
    exit_code, printed = instance.run("models", "handoff", "named", "nobody")
    assert (exit_code, "No profile was handed over. The table shows the reasons." in printed) == (1, True)

    exit_code, printed = instance.activate("named", "--version", "1", "--handoff", "all")
    assert exit_code == 1
    assert "To be handed over: 1. No version is activated." in printed
    assert "No profile was handed over: there is no terminal to ask on. Add --yes" in printed
    answer: dict[str, Any] = {"answer": lambda: b"y\n", "questions": ("Hand these profiles over?",)}
    exit_code, printed = instance.run_at_terminal(
        "named", "--version", "1", "--handoff", "all", "--note", "idle", **answer
    )
    assert exit_code == 0, printed
    assert "named: handed over under version 1" in printed
    assert "handed over now 1" in printed
    until(lambda: {lead["profile_id"] for lead in leads(instance, "named")} == {ana, ben})
    orders = instance.http.get("/v1/models/named/handoffs").json()["items"]
    assert [(order["note"], order["handed_over"]) for order in orders] == [("idle", 1), ("met", 1)]
    assert len(instance.http.get("/v1/models/named/activations").json()["items"]) == 1
    assert "handed over now 0" in instance.activate_in_process("named", version=1, handoff="all")


async def test_many_profiles_are_handed_over_in_several_calls(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_over, "MAX_IDS", 2)
    monkeypatch.setattr(handing_over, "MAX_SHOWN", 2)
    active(instance, "many", handoff="none")
    ana, ben = (instance.profiles(name)[0]["id"] for name in ("ana", "ben"))
    console = Console(file=(out := StringIO()), width=160)
    api = ops_api(instance.url, instance.keys["ops"][0])
    await handing_over.hand_over_named(api, "many", ["a\x1b[2J", "b", ana, ben, "c"], {}, console)
    printed = words(out.getvalue())
    assert "handed over: 2; profile unknown: 3" in printed
    assert "Shown are the first 2 of 5." in printed
    assert "\x1b" not in printed
    with pytest.raises(NotFound, match="There is no model nope"):
        await handing_over.hand_over_named(api, "nope", ["a"], {}, console)
    await api.close()
