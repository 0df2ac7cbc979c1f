"""The demo against a running instance: afterwards its model scores no profiles, however the demo ends."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from services.demo import play as played
from services.demo.story import MODEL
from shared.errors import Misconfigured, Refused
from shared.process.clock import SystemClock
from shared.process.keys import Keys
from tests.support.builders import rule
from tests.support.patience import eventually
from tests.worlds.instance import Instance, run_instance, words

CLOSING = f"The model {MODEL} is retired and scores no profiles; the next demo revives it."
THEIRS: dict[str, Any] = {"flip_number": 10, "rules": [rule("visits", 10)]}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with run_instance(tmp_path_factory.mktemp("data"), webhook_allow="127.0.0.1") as instance:
        yield instance


@pytest.fixture
def instance(started: Instance) -> Iterator[Instance]:
    yield started
    started.http.delete(f"/v1/models/{MODEL}/activation")
    started.http.delete(f"/v1/models/{MODEL}")


async def play(instance: Instance, number: int, out: StringIO | None = None) -> None:
    """Play with an Antonio of its own."""
    keys = Keys(**{role: tuple(each) for role, each in instance.keys.items()})
    now = SystemClock().now() - timedelta(hours=number)
    await played.play(instance.url, keys, Console(file=out or StringIO(), width=160), now)


def model(instance: Instance) -> dict[str, Any]:
    return instance.http.get(f"/v1/models/{MODEL}").json()


async def test_the_demo_retires_its_model_at_the_end_and_revives_it_when_played_again(
    instance: Instance,
) -> None:
    for number in (1, 2):
        await play(instance, number, out := StringIO())
        printed = words(out.getvalue())
        assert printed.endswith(CLOSING + " ")
        assert "lead.qualified" in printed
        found = model(instance)
        assert (found["active_version"], found["has_draft"]) == (None, False)
        assert found["retired_at"]
    assert found["activations"] >= 2


async def test_the_demo_retires_its_model_when_the_story_fails(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> None:
        assert model(instance)["active_version"]
        raise ZeroDivisionError

    monkeypatch.setattr(played, "_flip", fails)
    out = StringIO()
    with pytest.raises(ZeroDivisionError):
        await play(instance, 3, out)
    assert (model(instance)["active_version"], bool(model(instance)["retired_at"])) == (None, True)
    assert CLOSING in out.getvalue()


async def test_the_demo_retires_its_model_when_it_is_interrupted(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    act_started = asyncio.Event()

    async def never_ends(*_: Any) -> None:
        act_started.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(played, "_act", never_ends)
    playing = asyncio.create_task(play(instance, 4))
    await act_started.wait()
    assert model(instance)["active_version"]
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)
    assert playing.cancelled()
    assert (model(instance)["active_version"], bool(model(instance)["retired_at"])) == (None, True)


async def test_a_demo_interrupted_during_activation_leaves_no_active_version(instance: Instance) -> None:
    """Whether the activation had started, or had ended, when the demo was interrupted."""
    for pauses in range(0, 40, 4):
        playing = asyncio.create_task(play(instance, 5))
        await eventually(lambda: model(instance).get("has_draft") or model(instance).get("active_version"))
        for _ in range(pauses):
            await asyncio.sleep(0)
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        found = model(instance)
        assert (found.get("active_version"), found.get("activating")) == (None, None), pauses


async def test_the_demo_does_not_touch_a_model_of_the_same_name_that_it_did_not_make(
    instance: Instance,
) -> None:
    path = f"/v1/models/{MODEL}"
    assert instance.http.put(f"{path}/draft", json=THEIRS).is_success
    before = model(instance)
    with pytest.raises(Refused, match="The model exists already"):
        await play(instance, 6)
    assert model(instance) == before
    assert instance.http.post(f"{path}/activate", json={"note": "ours"}).is_success
    before = model(instance)
    with pytest.raises(Misconfigured, match="did not make"):
        await play(instance, 6)
    assert model(instance) == before
    # The next activation is the demo's again.
    assert instance.http.put(f"{path}/draft", json=THEIRS | {"flip_number": 9}).is_success
    assert instance.http.post(f"{path}/activate", json={"note": "The story of Antonio"}).is_success
