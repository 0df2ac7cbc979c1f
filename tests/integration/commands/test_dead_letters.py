"""`flipline dead-letters` as ops uses it, against a running instance."""

import asyncio
from collections.abc import Awaitable, Callable
from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from services.calling import Api, ApiAnswer
from services.ops import dead_letters, display
from services.ops.client import ops_api
from services.ops.commands import dead_letter_commands
from shared.errors import FliplineError, NotFound, Refused, Unauthorized, Unavailable
from tests.support.patience import until
from tests.worlds.instance import Instance


class Running:
    """An instance with three refused events; one of them has escapes of a terminal in it."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        instance.post_events([7, {"type": "\x1b[31mVisit"}, {"identities": {}}])
        until(lambda: len(self.letters()) >= 3)

    def letters(self) -> list[dict[str, str]]:
        return self.instance.http.get("/v1/dead-letters").json()["items"]

    def done(
        self, do: Callable[[Api, Console], Awaitable[None]], *, key: str | None = None, terminal: bool = False
    ) -> tuple[str, FliplineError | None]:
        """Do the same as the command in this process; return the output and the error."""
        console = Console(file=(out := StringIO()), width=160, force_terminal=terminal, color_system=None)

        async def run() -> None:
            api = ops_api(self.instance.url, key or self.instance.keys["ops"][0])
            try:
                await do(api, console)
            finally:
                await api.close()

        try:
            asyncio.run(run())
        except FliplineError as error:
            return out.getvalue(), error
        return out.getvalue(), None

    def connect(self, *_: object) -> tuple[str, str]:
        return self.instance.url, self.instance.keys["ops"][0]

    def command(self, *arguments: str) -> tuple[int, str]:
        return self.instance.run("dead-letters", *arguments)


@pytest.fixture(scope="session")
def running(instance: Instance) -> Running:
    return Running(instance)


def test_the_list_is_a_table_and_says_when_more_dead_letters_exist(running: Running) -> None:
    exit_code, printed = running.command("list", "--refused-by", "ingest", "--limit", "2")
    assert exit_code == 0, printed
    assert "id refused at refused by code message" in printed
    assert printed.count("ingest shape_invalid") == 2
    assert "There are more than these 2 letters: raise --limit, or add a filter." in printed
    whole, _ = running.done(lambda api, console: dead_letters.show_list(api, {}, 3, console))
    assert "There are more" not in whole
    assert all(letter["id"] in whole for letter in running.letters())


def test_the_list_joins_all_pages_of_the_api(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "PAGE", 1)
    whole, _ = running.done(lambda api, console: dead_letters.show_list(api, {}, 50, console))
    assert all(letter["id"] in whole for letter in running.letters())


def test_an_empty_list_says_so_and_a_misspelt_group_gets_a_suggestion(running: Running) -> None:
    assert running.command("list", "--refused-by", "handoff.models") == (0, "No dead letters. ")
    exit_code, printed = running.command("list", "--refused-by", "ingst")
    assert exit_code == 1
    assert "did you mean `ingest`?" in printed


def test_a_dead_letter_is_shown_with_its_payload_and_escaped_control_characters(running: Running) -> None:
    shown = [
        running.done(lambda api, console, i=letter["id"]: dead_letters.show(api, i, console))[0]
        for letter in running.letters()
    ]
    (escaped,) = [text for text in shown if "Visit" in text]
    assert "\x1b" not in escaped
    assert r'{"type":"\u001b[31mVisit"}' in escaped, "as it came"
    assert "source" in escaped
    assert "/v1/events" in escaped


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("plain [red] é\n\ttab", "plain [red] é\n\ttab"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b31m\r\x00", r"\x9b31m\r\x00"),
        ("a\u202eb\u2028c", r"a\u202eb\u2028c"),
    ],
)
def test_control_characters_are_escaped(text: str, printed: str) -> None:
    assert display.printable(text) == printed


def test_dead_letters_refused_again_are_listed_and_fail_the_command(running: Running) -> None:
    exit_code, printed = running.command("replay", "--refused-by", "ingest")
    assert exit_code == 1
    assert "Replayed: 0." in printed
    assert "Refused again id code why" in printed
    assert printed.count("shape_invalid") == 2
    assert printed.count("body_invalid") == 1
    assert "flipline: Refused again: 3. They stay open" in printed
    assert "Traceback" not in printed
    assert len(running.letters()) == 3


def test_a_terminal_shows_how_far_a_replay_has_come(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "MAX_IDS", 2)
    ids = [letter["id"] for letter in running.letters()]
    printed, error = running.done(
        lambda api, console: dead_letters.replay(api, ids, {}, console), terminal=True
    )
    assert isinstance(error, Refused)
    assert "3/3" in printed


def test_a_replay_needs_either_ids_or_filters_or_all(running: Running) -> None:
    message = "Give either ids, or filters such as --refused-by, or --all."
    assert running.command("replay") == (1, f"flipline: {message} ")
    for arguments in (("--all", "d1"), ("--all", "--code", "odd"), ("d1", "--refused-by", "ingest")):
        # In this process, since another takes seconds to start.
        ended = CliRunner().invoke(dead_letter_commands(running.connect), ["replay", *arguments])
        assert isinstance(ended.exception, Refused), arguments
        assert ended.exception.message == message


def test_errors_of_the_instance_are_reported_by_the_command(running: Running) -> None:
    def error(key: str | None, do: Callable[[Api, Console], Awaitable[None]]) -> FliplineError | None:
        return running.done(do, key=key)[1]

    unknown = error(None, lambda api, console: dead_letters.show(api, "d1", console))
    assert isinstance(unknown, NotFound)
    assert unknown.message == "There is no dead letter d1."
    odd = error(None, lambda api, console: dead_letters.show(api, "a/b c", console))
    assert isinstance(odd, Refused)
    since = error(None, lambda api, console: dead_letters.show_list(api, {"since": "soon"}, 5, console))
    assert isinstance(since, Refused)
    assert since.message.startswith("query.since: must be a date or an instant")
    wrong = error("crm", lambda api, console: dead_letters.show_list(api, {}, 5, console))
    assert isinstance(wrong, Unauthorized)


def test_an_interrupted_replay_reports_the_number_replayed_so_far() -> None:
    class Breaking(Api):
        calls = 0

        async def __call__(self, *_: Any, **__: Any) -> Any:
            self.calls += 1
            if self.calls == 2:
                raise Unavailable("connection_lost", "No answer came.")
            answer = {"replayed": 1_000, "already_replayed": 0, "refused": [], "more": True}
            return ApiAnswer(answer | {"remaining": 5, "next_cursor": "c"})

    api = Breaking("http://127.0.0.1:1", "key")
    with pytest.raises(Unavailable, match=r"No answer came\. Replayed until then: 1,000\. Run this"):
        asyncio.run(dead_letters.replay(api, [], {}, Console(file=StringIO())))
