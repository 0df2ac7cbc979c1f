"""Logs imported again: grown, rotated, packed, renamed, rewritten; and logs that only begin alike."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.ingest.imports import reading
from services.ingest.imports.access_log.report import ImportReport
from shared.errors import Refused, Unavailable
from shared.log.port import Record
from tests.worlds.imports import SMALL, ImportWorld, line

MONITOR = line("/healthz", user_agent="curl/8.5.0", address="198.51.100.9")
SHOP_A = MONITOR + "".join(line(f"/a/{number}", address="192.0.2.11") for number in range(6))
SHOP_B = MONITOR + "".join(line(f"/book-a-demo/{number}", address="192.0.2.12") for number in range(5))


def written(importing: ImportWorld, name: str, content: str | bytes) -> Path:
    path = importing.file.with_name(name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


async def paths_of(importing: ImportWorld) -> list[str]:
    return [event.properties["path"] for event in await importing.world.interactions()]


async def test_two_files_with_the_same_first_line_are_both_imported(importing: ImportWorld) -> None:
    a = await importing.run(written(importing, "shop-a.log", SHOP_A))
    assert "skipped" not in importing.printed()
    b = await importing.run(written(importing, "shop-b.log", SHOP_B))
    assert "skipped" not in importing.printed()
    assert (a.now.lines, b.now.lines, b.in_all.lines) == (7, 6, 6)
    assert {f"/a/{number}" for number in range(6)} < set(await paths_of(importing))
    assert {f"/book-a-demo/{number}" for number in range(5)} < set(await paths_of(importing))
    await importing.run(importing.file.with_name("shop-a.log"))
    assert "skipped: 7 lines imported before on 2026-11-20 from shop-a.log" in importing.printed()


async def test_a_line_in_two_files_is_one_event(importing: ImportWorld) -> None:
    await importing.run(written(importing, "shop-a.log", SHOP_A))
    await importing.run(written(importing, "shop-b.log", SHOP_B))
    await importing.run(written(importing, "both.log", SHOP_B + SHOP_A.removeprefix(MONITOR)))
    assert len(set(await importing.event_ids())) == 12


async def test_skipped_lines_are_reported_with_the_day_and_file_name_of_their_import(
    importing: ImportWorld,
) -> None:
    importing.file.write_text(SMALL)
    first = await importing.run()
    assert "skipped" not in importing.printed()
    again = await importing.run()
    printed = importing.printed()
    assert "access.log: skipped: 9 lines imported before on 2026-11-20 from access.log." in printed
    assert "lines skipped, imported before │ 9" in printed
    assert (again.now, again.in_all) == (ImportReport(), first.now)


async def test_a_rotated_or_compressed_log_is_recognised(importing: ImportWorld) -> None:
    importing.file.write_text(SMALL)
    await importing.run()
    rotated = importing.file.rename(importing.file.with_name("access.log.1"))
    with rotated.open("a") as file:
        file.write(line("/late", second=30))
    importing.file.write_text(line("/new", second=60))
    late = await importing.run(rotated)
    assert (late.now.lines, late.in_all.lines) == (1, 10)
    assert (await importing.run()).now.lines == 1
    posted = await importing.event_ids()
    importing.printed()
    packed = await importing.run(written(importing, "access.log.2.gz", gzip.compress(rotated.read_bytes())))
    assert packed.now == ImportReport()
    assert (
        "access.log.2.gz: skipped: 10 lines imported before on 2026-11-20 from access.log.1"
        in importing.printed()
    )
    assert await importing.event_ids() == posted


async def test_a_rewritten_file_is_imported_from_its_beginning(importing: ImportWorld) -> None:
    importing.file.write_text(SHOP_A)
    await importing.run()
    importing.file.write_text(SHOP_A.replace("/a/3", "/b/3") + line("/more"))
    assert (await importing.run()).now.lines == 8
    assert "skipped" not in importing.printed()
    assert {"/b/3", "/more"} < set(await paths_of(importing))


async def test_force_imports_again_and_says_that_no_event_counts_twice(importing: ImportWorld) -> None:
    importing.file.write_text(SMALL)
    first = await importing.run()
    once = await importing.event_ids()
    importing.printed()
    again = await importing.run(force=True)
    printed = importing.printed()
    assert "access.log: reading again 9 lines imported before on 2026-11-20 from access.log." in printed
    assert "counts the same event once" in printed
    assert (again.now, again.in_all) == (first.now, first.now)
    assert await importing.event_ids() == once * 2
    assert (await importing.run()).now == ImportReport()


async def test_an_interrupted_forced_import_resumes_without_force(
    importing: ImportWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH_EVENTS", 2)
    importing.file.write_text(SHOP_A)
    await importing.run()
    once = await importing.event_ids()
    append = importing.world.log.append
    passed = 0

    async def fails_after_two(records: Sequence[Record]) -> None:
        nonlocal passed
        passed += 1
        if passed > 2:
            raise Unavailable("log_unavailable", "The disk is full.")
        await append(records)

    importing.world.log.append = fails_after_two
    with pytest.raises(Unavailable, match="go on after the accepted lines"):
        await importing.run(force=True)
    importing.world.log.append = append
    assert (await importing.run()).now.lines == 3
    assert await importing.event_ids() == once * 2


async def test_an_unfinished_last_line_is_read_once_it_is_complete(importing: ImportWorld) -> None:
    whole = SHOP_A + line("/half")
    importing.file.write_text(whole[:-30])
    outcome = await importing.run()
    assert (outcome.now.lines, outcome.now.refused, outcome.now.unfinished) == (7, {}, 1)
    assert "left for later: the last line has no end" in importing.printed()
    importing.file.write_text(whole + line("/next"))
    later = await importing.run()
    assert (later.now.lines, later.in_all.lines, later.in_all.refused) == (2, 9, {})
    assert (await paths_of(importing))[-2:] == ["/half", "/next"]


async def test_a_last_line_without_a_newline_counts_once(importing: ImportWorld) -> None:
    importing.file.write_text(SHOP_A.removesuffix("\n"))
    assert (await importing.run()).now.lines == 7
    assert (await importing.run()).now.lines == 0
    importing.file.write_text(SHOP_A + line("/next"))
    assert (await importing.run()).now.lines == 1
    assert len(await importing.event_ids()) == 8


async def test_a_first_line_without_a_newline_is_recognised_in_the_grown_file(importing: ImportWorld) -> None:
    importing.file.write_text(MONITOR.removesuffix("\n"))
    await importing.run()
    importing.file.write_text(SHOP_A)
    assert (await importing.run()).now.lines == 6
    assert "skipped: 1 line imported before" in importing.printed()


async def test_import_state_of_an_earlier_version_is_reported_and_skips_nothing(
    importing: ImportWorld,
) -> None:
    importing.file.write_text(SHOP_A)
    await importing.run()
    once = await importing.event_ids()
    (state,) = (importing.state / "imports").iterdir()
    state.write_text(json.dumps({"offset": len(SHOP_A), "report": {"lines": 7, "visits": 7}}))
    importing.printed()
    assert (await importing.run()).now.lines == 7
    assert "All lines are read again" in importing.printed()
    assert await importing.event_ids() == once * 2
    assert (await importing.run()).now.lines == 0


async def test_the_import_of_a_complete_copy_resumes_after_the_truncated_file(importing: ImportWorld) -> None:
    whole = gzip.compress("".join(line(f"/{number * 7_919}") for number in range(3_000)).encode())
    path = written(importing, "access.log.gz", whole[: len(whole) // 2])
    with pytest.raises(Refused, match=r"ends too early.* The (\d|,)+ lines before that are imported"):
        await importing.run(path)
    before = len(await importing.event_ids())
    assert 500 < before < 3_000
    path.write_bytes(whole)
    outcome = await importing.run(path)
    assert (outcome.now.lines, outcome.in_all.lines) == (3_000 - before, 3_000)
    assert len(set(await importing.event_ids())) == len(await importing.event_ids()) == 3_000
