"""Tables that older rules built, renewed by `flipline up`, or by `flipline renew` beside the services."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from services.hosting.process import open_log
from services.scoring.store.fold_tables import folds
from services.scoring.store.tables import identities, ledger
from shared.database.engine import Database
from shared.database.migrations import migrate
from shared.events import Interaction
from shared.identity import Identity
from shared.process.datadir import RENEWING, prepare
from shared.process.pulse import Pulse
from shared.process.settings import Settings
from tests.e2e.flipline import ALL_IN_ONE, ONE_EACH, Flipline
from tests.e2e.processes import ROOT, Process, environment, run
from tests.support.builders import rule
from tests.support.patience import eventually
from tests.worlds.renewal import OLD, RenewalWorld, by

ANA, BEN = ("email", "ana@firm.example"), ("email", "ben@firm.example")
ZOE, ZOE_IN_BRACKETS = ("email", "zw@firm.example"), ("email", "<zw@firm.example>")
UNDEFINED = ("user_id", "undefined")
HISTORY = (
    by(UNDEFINED, ANA), by(UNDEFINED, BEN), by(UNDEFINED), by(ZOE), by(ZOE_IN_BRACKETS), by(ZOE_IN_BRACKETS),
)  # fmt: skip
OLDER = "Scoring's tables were built by an older version of Flipline (fold 1;"


@asynccontextmanager
async def opened(given: dict[str, str]) -> AsyncIterator[RenewalWorld]:
    """Open the log and the tables of the settings, as scoring with older rules does."""
    named: dict[str, Any] = {name.removeprefix("FLIPLINE_").lower(): value for name, value in given.items()}
    settings = Settings(**named)
    prepare(settings.data_dir)
    await migrate(settings.effective_database_url)
    database = Database(settings.effective_database_url)
    log: Any = open_log(settings, database)
    try:
        yield RenewalWorld(log, database, OLD)
    finally:
        await log.close()
        await database.close()


async def an_old_installation(given: dict[str, str], events: Sequence[Interaction] = HISTORY) -> None:
    """Fill log and tables as a version before the table `folds` did."""
    async with opened(given) as old:
        await old.world.activate(rule("visits", 10), flip_number=30)
        await old.append(*events)
        following = asyncio.create_task(old.follower().run(Pulse()))
        await eventually(lambda: old.world.table_rows(ledger), lambda rows: len(rows) == len(events))
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await old.relay_outbox()
        await old.execute(sa.delete(folds))


async def names(given: dict[str, str]) -> set[tuple[str, str]]:
    async with opened(given) as old:
        return {(row[1], row[2]) for row in await old.world.table_rows(identities)}


async def is_renewed(flipline: Flipline) -> bool:
    ana, ben = [await flipline.profile(*identity) for identity in (ANA, BEN)]
    return ana is not None and ben is not None and ana["id"] != ben["id"]


async def test_a_renewal_after_an_upgrade_separates_unrelated_people_and_joins_mailboxes(
    everywhere: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    setup, given = everywhere
    await an_old_installation(given)
    exit_code, printed = await run("replay", "--check", settings=given)
    assert exit_code == 1, printed
    assert OLDER in printed
    assert "`flipline renew`" in printed
    assert "differ" not in printed
    async with Flipline(given, ALL_IN_ONE if setup == "embedded" else ONE_EACH, tmp_path) as flipline:
        if setup == "embedded":
            output = flipline.processes["up"].all_output()
            assert OLDER in output
            assert "The tables are renewed." in output
        else:
            assert "tables.outdated" in flipline.processes["scoring"].all_output()
            assert not await is_renewed(flipline)
            exit_code, printed = await run("renew", settings=given)
            assert (exit_code, "--yes" in printed) == (1, True), printed
            exit_code, printed = await run("renew", "--yes", settings=given)
            assert (exit_code, "The tables are renewed." in printed) == (0, True), printed
        await eventually(lambda: is_renewed(flipline))
        zoe = await flipline.scored(*ZOE, "m", 30)
        assert zoe["identities"] == [{"kind": ZOE[0], "value": ZOE[1]}]
        for former in (ZOE_IN_BRACKETS, ZOE):
            led_to = await flipline.ops.get(f"/v1/profiles/{Identity(*former).id}")
            assert led_to["id"] == zoe["id"]

        async def leads() -> list[Any]:
            return [lead["profile_id"] for lead in await flipline.crm.pages("/v1/leads")]

        mixed = min(Identity(*identity).id for identity in (ANA, BEN, UNDEFINED))
        await eventually(leads, lambda ids: sorted(ids) == sorted([mixed, zoe["id"]]))
        await flipline.post(
            {"type": "visit", "identities": {"email": ZOE[1]}},
            {"type": "visit", "identities": {"email": BEN[1]}},
        )
        await flipline.scored(*ZOE, "m", 40)
        await flipline.scored(*BEN, "m", 20)
        exit_code, printed = await run("replay", "--check", settings=given)
        assert exit_code == 0, printed
        exit_code, printed = await run("renew", "--yes", settings=given)
        assert (exit_code, "nothing to renew" in printed) == (0, True), printed
        assert len(await leads()) == 2


async def test_a_restart_after_a_renewal_does_not_renew_again(
    embedded_settings: dict[str, str], tmp_path: Path
) -> None:
    await an_old_installation(embedded_settings)
    async with Flipline(embedded_settings, ALL_IN_ONE, tmp_path) as flipline:
        assert await flipline.stop() == [0]
        await flipline.start()
        assert flipline.processes["up"].all_output().count("The tables are renewed.") == 1


async def test_a_renewal_killed_during_the_swap_changes_nothing_and_can_be_repeated(
    everywhere: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    setup, given = everywhere
    await an_old_installation(given)
    before = await names(given)
    command = ["up", "--port", "0"] if setup == "embedded" else ["renew", "--yes"]
    child = subprocess.Popen(  # noqa: ASYNC220 - it only starts
        [sys.executable, "-m", "tests.e2e.stuck", str(tmp_path / "stuck"), *command],
        cwd=ROOT, env=environment(given),
    )  # fmt: skip
    try:
        await eventually((tmp_path / "stuck").exists)
    finally:
        child.kill()
        child.wait()
    assert await names(given) == before
    exit_code, printed = await run("replay", "--check", settings=given)
    assert (exit_code, OLDER in printed) == (1, True), printed
    left_behind = Path(given["FLIPLINE_DATA_DIR"]) / RENEWING
    assert left_behind.exists() == (setup == "embedded")
    if setup == "embedded":
        async with Process("up", given, tmp_path) as process:
            await process.ready()
            assert "The tables are renewed." in process.all_output()
    else:
        exit_code, printed = await run("renew", "--yes", settings=given)
        assert exit_code == 0, printed
    assert not left_behind.exists()
    assert await names(given) == {ANA, BEN, ZOE}
    exit_code, printed = await run("replay", "--check", settings=given)
    assert (exit_code, "Nothing differs" in printed) == (0, True), printed


async def test_with_an_incomplete_log_flipline_continues_with_the_old_tables_and_says_so(
    embedded_settings: dict[str, str], tmp_path: Path
) -> None:
    await an_old_installation(embedded_settings)
    log = sqlite3.connect(Path(embedded_settings["FLIPLINE_DATA_DIR"]) / "log.sqlite")
    with log:
        first = log.execute("select min(\"offset\") from record where topic = 'interactions'").fetchone()
        log.execute('delete from record where "offset" = ?', first)
    log.close()
    async with Flipline(embedded_settings, ALL_IN_ONE, tmp_path) as flipline:
        output = flipline.processes["up"].all_output()
        assert "The tables were not renewed." in output
        assert "tables.not_renewed" in output
        assert "1 interactions or corrections are not on the log any more" in output
        assert not await is_renewed(flipline)
        await flipline.post({"type": "visit", "identities": {"email": ANA[1]}})
        await flipline.scored(*ANA, "m", 40)
        exit_code, printed = await run("replay", "--check", settings=embedded_settings)
        assert (exit_code, OLDER in printed) == (1, True), printed
        exit_code, printed = await run("renew", "--yes", settings=embedded_settings)
        assert (exit_code, "Nothing was changed" in printed, "Traceback" in printed) == (1, True, False), (
            printed
        )


@pytest.mark.kafka
@pytest.mark.postgres
async def test_a_renewal_is_refused_when_kafka_retention_has_removed_records(
    cluster_settings: dict[str, str],
) -> None:
    await an_old_installation(cluster_settings)
    before = await names(cluster_settings)
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster_settings["FLIPLINE_LOG"].removeprefix("kafka://"))
    await admin.start()
    topic = cluster_settings["FLIPLINE_KAFKA_TOPIC_PREFIX"] + "interactions"
    removed = 0
    for number in range(6):
        # A partition without records refuses this.
        with suppress(Exception):
            await admin.delete_records({TopicPartition(topic, number): RecordsToDelete(before_offset=1)})
            removed += 1
    await admin.close()
    assert removed
    exit_code, printed = await run("renew", "--yes", settings=cluster_settings)
    assert (exit_code, "Nothing was changed" in printed, "Traceback" in printed) == (1, True, False), printed
    assert await names(cluster_settings) == before
