"""Importing an access log into a running service, in one go, interrupted, and again."""

import gzip
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.console import Console

from services.ingest.imports import post
from services.ingest.imports.post import import_access_log
from services.ingest.imports.report import ImportReport
from shared.errors import Refused, Unauthorized, Unavailable
from tests.given import messages_on
from tests.ingest_world import World, ingesting, served

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def line(
    path: str, *, second: int = 0, status: int = 200, user_agent: str = FIREFOX, address: str = "10.1.2.3"
) -> str:
    at = f"17/May/2015:10:{second // 60:02}:{second % 60:02} +0000"
    return f'{address} - - [{at}] "GET {path} HTTP/1.1" {status} 123 "-" "{user_agent}"\n'


SMALL = "".join(
    [
        line("/pricing"),
        line("/pricing"),
        line("/style.css"),
        line("/guide.pdf", second=1),
        line("/gone", status=404),
        line("/", user_agent=GOOGLEBOT, address="10.9.9.9"),
        line("/", user_agent="-"),
        "nonsense\n",
        line("/1970").replace("2015", "1970"),
    ]
)


class Importing:
    """A service to import into, and the file, state and console of the one who imports."""

    def __init__(self, world: World, url: str, directory: Path) -> None:
        self.world = world
        self.url = url
        self.file = directory / "access.log"
        self.state = directory / "state"
        self.out = io.StringIO()
        self.slept: list[float] = []

    async def run(self, *, key: str = "write-key", path: Path | None = None) -> ImportReport:
        return await import_access_log(
            path or self.file,
            url=self.url,
            key=key,
            state_dir=self.state,
            salt="salt",
            console=Console(file=self.out, width=100),
            sleep=self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def ids(self) -> list[str]:
        return [event.id for event in await self.world.interactions()]


@pytest.fixture
async def importing(tmp_path: Path) -> AsyncIterator[Importing]:
    async with ingesting(tmp_path) as world, served(world.app) as url:
        yield Importing(world, url, tmp_path)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "BATCH_EVENTS", 10)


async def test_every_line_is_accounted_for(importing: Importing) -> None:
    importing.file.write_text(SMALL)
    report = await importing.run()
    assert report == ImportReport(
        lines=9,
        visits=4,
        downloads=1,
        machines=2,
        ignored={"part of a page": 1, "error answer": 1},
        refused={"not in combined log format": 1, "instant_invalid": 1},
        refused_lines={"not in combined log format": [8], "instant_invalid": [9]},
    )
    assert "refused: not in combined log format (line 8)" in importing.out.getvalue()
    assert "access.log: 100 %, 9 lines" in importing.out.getvalue()


async def test_what_stands_on_the_log_tells_no_address(importing: Importing) -> None:
    importing.file.write_text(SMALL)
    await importing.run()
    events = await importing.world.interactions()
    assert [(event.type, event.machine) for event in events] == [
        ("visit", None), ("visit", None), ("download", None), ("visit", "crawler"), ("visit", "no_user_agent")
    ]  # fmt: skip
    assert events[2].properties == {"path": "/guide.pdf", "asset": "/guide.pdf", "user_agent": FIREFOX}
    assert events[0].source == "access_log"
    visitors = [event.identities[0] for event in events]
    assert {visitor.kind for visitor in visitors} == {"anonymous_id"}
    assert visitors[0] == visitors[1] == visitors[2]
    assert len(set(visitors)) == 3
    values = [message.value for message in await messages_on(importing.world.log, "interactions")]
    assert values
    assert not any(b"10.1.2.3" in value or b"10.9.9.9" in value for value in values)


async def test_the_same_line_twice_is_two_events(importing: Importing) -> None:
    importing.file.write_text(line("/pricing") * 3)
    await importing.run()
    assert len(set(await importing.ids())) == 3


async def test_a_finished_import_run_again_posts_nothing(importing: Importing) -> None:
    importing.file.write_text(SMALL)
    first = await importing.run()
    assert await importing.run() == first
    assert len(await importing.ids()) == 5


async def test_without_its_state_an_import_posts_the_same_ids(importing: Importing) -> None:
    importing.file.write_text(SMALL)
    await importing.run()
    once = await importing.ids()
    importing.state = importing.state / "fresh"
    await importing.run()
    assert await importing.ids() == once * 2


async def test_a_file_that_has_grown_goes_on_where_it_ended(importing: Importing) -> None:
    importing.file.write_text(line("/a") + line("/pricing"))
    await importing.run()
    with importing.file.open("a") as file:
        file.write(line("/pricing"))
    report = await importing.run()
    assert (report.lines, report.visits) == (3, 3)
    assert len(set(await importing.ids())) == 3


@pytest.mark.usefixtures("small_batches")
async def test_an_interrupted_import_goes_on_and_ends_with_the_same_ids(importing: Importing) -> None:
    importing.file.write_text("".join(line("/pricing", second=number // 7) for number in range(95)))
    importing.world.log.failures = 1_000
    with pytest.raises(Unavailable, match="the same command goes on after it"):
        await importing.run()
    assert importing.slept == [7, 7, 7, 7, 8, 16, 30]
    importing.world.log.failures = 0

    passed = 0
    append = importing.world.log.append

    async def fails_after_five(records: object) -> None:
        nonlocal passed
        passed += 1
        if passed > 5:
            raise Unavailable("log_unavailable", "The disk is full again.")
        await append(records)  # pyright: ignore[reportArgumentType]

    importing.world.log.append = fails_after_five  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(Unavailable):
        await importing.run()
    importing.world.log.append = append
    report = await importing.run()
    assert (report.lines, report.visits) == (95, 95)
    ids = await importing.ids()
    assert len(ids) == len(set(ids)) == 95

    importing.state = importing.state / "fresh"
    await importing.run()
    assert await importing.ids() == ids * 2


@pytest.mark.usefixtures("small_batches")
async def test_a_server_that_comes_back_is_waited_for(importing: Importing) -> None:
    importing.file.write_text("".join(line("/pricing", second=number) for number in range(25)))
    importing.world.log.failures = 3
    report = await importing.run()
    assert (report.visits, importing.slept) == (25, [7, 7, 7])


async def test_a_server_that_is_not_there_is_an_error_that_says_how_to_go_on(importing: Importing) -> None:
    importing.file.write_text(SMALL)
    importing.url = "http://127.0.0.1:9"
    with pytest.raises(Unavailable, match=r"cannot be reached .* the same command goes on after it"):
        await importing.run()
    assert len(importing.slept) == 7


async def test_a_wrong_key_is_said_at_once(importing: Importing) -> None:
    importing.file.write_text(SMALL)
    with pytest.raises(Unauthorized):
        await importing.run(key="wrong")
    assert importing.slept == []


async def test_what_is_no_flipline_is_said_at_once(importing: Importing) -> None:
    importing.file.write_text(SMALL)
    importing.url += "/elsewhere"
    with pytest.raises(Refused, match="is this Flipline's address"):
        await importing.run()


async def test_a_gzip_is_imported(importing: Importing) -> None:
    path = importing.file.with_suffix(".log.gz")
    path.write_bytes(gzip.compress(SMALL.encode()))
    assert (await importing.run(path=path)).visits == 4


@pytest.mark.parametrize("content", [None, b"no gzip"])
async def test_a_file_that_cannot_be_read_is_an_error(importing: Importing, content: bytes | None) -> None:
    path = importing.file.with_suffix(".gz")
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Refused, match="cannot be read"):
        await importing.run(path=path)


async def test_an_empty_file_is_imported_at_once(importing: Importing) -> None:
    importing.file.touch()
    assert await importing.run() == ImportReport()
