"""Tests wait for conditions. A test that waits for a time fails on a busy machine, and only there."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support import patience
from tests.support.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
WAITS = ROOT / "tests/support/patience.py"
# Measuring time is what the benchmarks are for.
FILES = sorted(set((ROOT / "tests").rglob("*.py")) - set((ROOT / "tests/bench").rglob("*.py")) - {WAITS})
CLOCKS = {"time.time", "time.monotonic", "time.perf_counter", "time.process_time"}
LIMITED = (".timeout", "asyncio.wait_for", ".wait", ".communicate", ".join", ".result", ".alarm")
# Without an argument their limit is five seconds.
CLIENTS = {f"httpx.{name}" for name in ("Client", "AsyncClient", "get", "post", "put", "request", "stream")}
IN_PROCESS = {"transport"}
LIMITS = ("timeout", "deadline")


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call in a file under its full name, also where `from time import sleep` shortened it."""
    tree = ast.parse(path.read_text())
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            yield imported.get(name, name), node


def number(node: ast.expr | None) -> float | None:
    """Return the value of a literal, in seconds; None for everything else."""
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def complaints(path: Path) -> Iterator[str]:
    for name, call in calls(path):
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        numbers = [number(argument) for argument in call.args]
        if name.endswith(".sleep") and numbers != [0]:
            yield f"{call.lineno}: {name} waits for a time; tests/support/patience.py waits for conditions"
        if name in CLOCKS:
            yield f"{call.lineno}: {name}: what a test sees may not depend on how long it takes"
        limits = [number(given.get(limit)) for limit in LIMITS] + numbers * name.endswith(LIMITED)
        # A slow machine cannot miss a limit of zero, since there is no wait.
        if any(limit and limit < PATIENCE_SECONDS for limit in limits):
            yield f"{call.lineno}: {name} has a limit of its own; take that of tests/support/patience.py"
        if name in CLIENTS and not given.keys() & (IN_PROCESS | {"timeout"}):
            yield f"{call.lineno}: {name} gives up after five seconds; give it `timeout`"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_tests_do_not_sleep_measure_time_or_set_short_limits(path: Path) -> None:
    assert list(complaints(path)) == []


def test_hypothesis_has_no_deadline() -> None:
    assert hypothesis.settings().deadline is None


def test_the_timeout_of_a_test_is_at_least_twice_the_patience() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert settings["timeout"] >= 2 * PATIENCE_SECONDS


async def test_a_condition_that_is_never_met_fails_with_the_last_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.0)
    with pytest.raises(AssertionError, match="the last answer was 7"):
        await patience.eventually(lambda: 7, lambda number: number > 7)
    with pytest.raises(AssertionError, match="the last answer was 0"):
        patience.until(lambda: 0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("time.sleep(0.1)", "conditions"),
        ("asyncio.sleep(PACE)", "conditions"),
        ("from time import sleep\nsleep(1)", "conditions"),
        ("asyncio.timeout(5)", "limit"),
        ("asyncio.wait({task}, timeout=0.5)", "limit"),
        ("process.wait(20)", "limit"),
        ("subprocess.run(command, timeout=60)", "limit"),
        ("pytest.mark.timeout(30)", "limit"),
        ("settings(deadline=200)", "limit"),
        ("httpx.get(url)", "five seconds"),
        ("from httpx import AsyncClient\nAsyncClient(base_url=url)", "five seconds"),
        ("assert time.monotonic() - began < 3", "how long"),
        ("asyncio.sleep(0)", None),
        ("sqlite3.connect(path, timeout=0)", None),
        ("asyncio.timeout(PATIENCE_SECONDS)", None),
        ("httpx.AsyncClient(transport=app)", None),
    ],
)
def test_waiting_and_short_limits_are_found_in_a_file(line: str, message: str | None, tmp_path: Path) -> None:
    (path := tmp_path / "test_it.py").write_text(line)
    found = [message is not None and message in complaint for complaint in complaints(path)]
    assert found == ([True] if message else [])
