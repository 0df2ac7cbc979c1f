"""Importing an access log into a running service, in one go, interrupted, and again."""

import asyncio
from collections.abc import Sequence

import pytest

from services.ingest.imports import reading
from services.ingest.imports.access_log.report import ImportReport
from shared.errors import Misconfigured, Refused, Unauthorized, Unavailable
from shared.log.port import Record
from tests.support.log import messages_on
from tests.worlds.imports import FIREFOX, SMALL, ImportWorld, line


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BATCH_EVENTS", 10)


async def test_every_line_is_accounted_for(importing: ImportWorld) -> None:
    importing.file.write_text(SMALL)
    outcome = await importing.run()
    no_format, early = "in an unknown format", "the time is before 2000"
    assert outcome.now == ImportReport(
        lines=9,
        visits=4,
        downloads=1,
        machines=2,
        ignored={"part of a page": 1, "error answer": 1},
        refused={no_format: 1, early: 1},
        refused_lines={no_format: [8], early: [9]},
        formats={"combined": 8},
    )
    printed = importing.printed()
    assert "lines in format: combined │ 8" in printed
    assert f"refused: {no_format} (line 8)" in printed
    assert "access.log: 100 %, 9 lines" in printed


async def test_imported_events_contain_no_ip_address(importing: ImportWorld) -> None:
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


async def test_repeated_lines_are_separate_events(importing: ImportWorld) -> None:
    importing.file.write_text(line("/pricing") * 3)
    await importing.run()
    assert len(set(await importing.event_ids())) == 3


async def test_a_finished_import_run_again_posts_nothing(importing: ImportWorld) -> None:
    importing.file.write_text(SMALL)
    first = await importing.run()
    again = await importing.run()
    assert (again.now, again.in_all) == (ImportReport(), first.now)
    assert len(await importing.event_ids()) == 5


async def test_an_import_that_lost_its_state_posts_the_same_ids(importing: ImportWorld) -> None:
    importing.file.write_text(SMALL)
    await importing.run()
    once = await importing.event_ids()
    importing.state = importing.state / "fresh"
    await importing.run()
    assert await importing.event_ids() == once * 2


async def test_the_import_of_a_grown_file_continues_at_the_old_end(importing: ImportWorld) -> None:
    importing.file.write_text(line("/a") + line("/pricing"))
    await importing.run()
    with importing.file.open("a") as file:
        file.write(line("/pricing"))
    outcome = await importing.run()
    assert (outcome.now.lines, outcome.in_all.lines, outcome.in_all.visits) == (1, 3, 3)
    assert len(set(await importing.event_ids())) == 3


@pytest.mark.usefixtures("small_batches")
async def test_an_interrupted_import_goes_on_and_ends_with_the_same_ids(importing: ImportWorld) -> None:
    importing.file.write_text("".join(line("/pricing", second=number // 7) for number in range(95)))
    importing.world.log.failures = 1_000
    with pytest.raises(Unavailable, match="run the same command without --force"):
        await importing.run()
    assert importing.slept == [7, 7, 7, 7, 8, 16, 30]
    importing.world.log.failures = 0

    passed = 0
    append = importing.world.log.append

    async def fails_after_five(records: Sequence[Record]) -> None:
        nonlocal passed
        passed += 1
        if passed > 5:
            raise Unavailable("log_unavailable", "The disk is full again.")
        await append(records)

    importing.world.log.append = fails_after_five
    with pytest.raises(Unavailable):
        await importing.run()
    importing.world.log.append = append
    report = (await importing.run()).in_all
    assert (report.lines, report.visits) == (95, 95)
    ids = await importing.event_ids()
    assert len(ids) == len(set(ids)) == 95

    importing.state = importing.state / "fresh"
    await importing.run()
    assert await importing.event_ids() == ids * 2


@pytest.mark.usefixtures("small_batches")
async def test_an_import_waits_for_a_server_that_recovers(importing: ImportWorld) -> None:
    importing.file.write_text("".join(line("/pricing", second=number) for number in range(25)))
    importing.world.log.failures = 3
    outcome = await importing.run()
    assert (outcome.now.visits, importing.slept) == (25, [7, 7, 7])


async def test_an_unreachable_server_is_an_error_that_says_how_to_resume(importing: ImportWorld) -> None:
    importing.file.write_text(SMALL)
    importing.url = "http://127.0.0.1:9"
    with pytest.raises(
        Unavailable, match=r"cannot be reached: nothing answers there, 8 times .* run the same command"
    ):
        await importing.run()
    assert len(importing.slept) == 7


async def test_a_broken_connection_is_reported_in_plain_words(importing: ImportWorld) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    importing.file.write_text(SMALL)
    async with await asyncio.start_server(hang_up, "127.0.0.1") as server:
        importing.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(Unavailable, match="cannot be reached: the connection broke off, 8 times"):
            await importing.run()


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://a.example", "http://[", "http://a:99999999", ""])
async def test_an_invalid_url_is_refused_without_a_retry(importing: ImportWorld, url: str) -> None:
    importing.file.write_text(SMALL)
    importing.url = url
    with pytest.raises(Misconfigured, match="is not the URL of an instance"):
        await importing.run()
    assert importing.slept == []


@pytest.mark.parametrize("key", ["", " ", "schlüssel", "a\nb", "\0"])
async def test_a_malformed_key_is_refused(importing: ImportWorld, key: str) -> None:
    importing.file.write_text(SMALL)
    with pytest.raises(Unauthorized, match="visible ASCII"):
        await importing.run(key=key)


async def test_a_wrong_key_is_refused_without_a_retry(importing: ImportWorld) -> None:
    importing.file.write_text(SMALL)
    with pytest.raises(Unauthorized):
        await importing.run(key="wrong")
    assert importing.slept == []


async def test_an_address_without_flipline_is_refused(importing: ImportWorld) -> None:
    importing.file.write_text(SMALL)
    importing.url += "/elsewhere"
    with pytest.raises(Refused, match="is this Flipline's address"):
        await importing.run()


async def test_an_empty_file_is_imported_at_once(importing: ImportWorld) -> None:
    importing.file.touch()
    assert (await importing.run()).now == ImportReport()
