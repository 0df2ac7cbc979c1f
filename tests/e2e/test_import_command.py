"""`flipline import access-log` as a person runs it: its scores, its output, and its exit codes."""

import gzip
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from tests.e2e.flipline import ALL_IN_ONE, KEYS, Flipline
from tests.e2e.processes import run
from tests.worlds.imports import line

MODEL = "interest"
MATRIX = {
    "flip_number": 100,
    "rules": [
        {"id": "visits", "when": {"type": "visit"}, "points": 1},
        {"id": "downloads", "when": {"type": "download"}, "points": 10},
    ],
}
MONITOR = line("/healthz", user_agent="curl/8.5.0", address="198.51.100.9")


class Command:
    """The command beside a running Flipline."""

    def __init__(self, flipline: Flipline, directory: Path) -> None:
        self.flipline = flipline
        self.directory = directory

    async def __call__(self, name: str, content: str | bytes, *options: str) -> tuple[int, str]:
        """Import a file of this content; return the exit code and what was printed, on one line."""
        path = self.directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        exit_code, printed = await run(
            "import", "access-log", str(path), "--url", self.flipline.write.url, "--key", KEYS["write"],
            "--data-dir", str(self.directory / "import"), *options,
            settings=self.flipline.settings,
        )  # fmt: skip
        assert "Traceback" not in printed
        await self.flipline.settled()
        return exit_code, " ".join(printed.split())

    async def scores(self) -> Sequence[float]:
        """The scores of all profiles that have one, the lowest first."""
        return sorted(score for score in (await self.flipline.scores(MODEL)).values() if score)


@pytest.fixture
async def command(embedded_settings: dict[str, str], tmp_path: Path) -> AsyncIterator[Command]:
    async with Flipline(embedded_settings, ALL_IN_ONE, tmp_path) as flipline:
        await flipline.activate(MODEL, MATRIX)
        yield Command(flipline, tmp_path)


async def test_files_with_the_same_first_line_all_count_and_no_line_counts_twice(command: Command) -> None:
    shop_a = MONITOR + "".join(line(f"/a/{number}", address="192.0.2.11") for number in range(6))
    shop_b = MONITOR + "".join(line(f"/book-a-demo/{number}", address="192.0.2.12") for number in range(5))
    for name, content in (("shop-a.log", shop_a), ("shop-b.log", shop_b)):
        exit_code, printed = await command(name, content)
        assert (exit_code, "skipped" in printed) == (0, False)
    assert await command.scores() == [5, 6]

    exit_code, printed = await command("shop-a.log.1.gz", gzip.compress(shop_a.encode()))
    assert exit_code == 0
    assert "skipped: 7 lines imported before on" in printed
    exit_code, printed = await command("shop-a.log", shop_a, "--force")
    assert exit_code == 0
    assert "reading again 7 lines imported before" in printed
    await command("both.log", shop_a + shop_b)
    assert await command.scores() == [5, 6]


async def test_visitors_are_distinguished_in_every_format(command: Command) -> None:
    sites = "".join(f"shop.example:443 {line('/pricing', address=f'192.0.2.{number}')}" for number in (1, 2))
    sites += f"shop.example:443 {line('/guide.pdf', address='192.0.2.3')}"
    _, printed = await command("vhost_first.log", sites)
    assert "vhost_combined" in printed
    assert await command.scores() == [1, 1, 10]

    proxied = f'{line("/docs", address="10.0.0.1").strip()} "192.0.2.3"\n'
    record = {
        "remote_addr": "10.0.0.1", "http_x_forwarded_for": "192.0.2.3, 10.0.0.9", "ts": 1431856800.5,
        "request": "GET /docs HTTP/2.0", "status": 200, "http_user_agent": proxied.split('"')[5],
    }  # fmt: skip
    _, printed = await command("proxied.log", proxied + json.dumps(record) + "\n")
    assert "combined with more fields" in printed
    assert "JSON lines" in printed
    assert await command.scores() == [1, 1, 12]


async def test_a_file_that_cannot_be_imported_is_reported_with_a_reason_and_exit_code_1(
    command: Command,
) -> None:
    packed = gzip.compress("".join(line(f"/{number * 7_919}") for number in range(2_000)).encode())
    middle = len(packed) // 2
    damaged = packed[:middle] + b"\xff" * 40 + packed[middle + 40 :]
    for name, content, sentence in (
        ("damaged.gz", damaged, "its packed data is damaged"),
        ("cut.gz", packed[:middle], "its packed data ends too early"),
        ("table.csv", "a,b\n1,2\n", "Refused is line 1: in an unknown format"),
        ("month.log", line("/").replace("May", "Mai") * 2 + line("/"), "none of Jan to Dec (line 1, 2)"),
    ):
        exit_code, printed = await command(name, content)
        assert exit_code == 1, name
        assert sentence in printed
        assert "x not in tuple" not in printed
    exit_code, printed = await command("good.log", line("/") + line("/").replace("May", "Mai"))
    assert exit_code == 0
    assert "refused: the month is none of Jan to Dec (line 2)" in printed
