"""Rows that differ from the log are found and named, and no personal data is printed."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from services.scoring.store.tables import (
    counts,
    cycle_identities,
    cycles,
    identities,
    ledger,
    links,
    older_counts,
    scores,
    seen_names,
    traits,
)
from shared.database.outbox import outbox
from shared.errors import Misconfigured
from shared.events import LEADS
from shared.log.embedded import EmbeddedLog
from tests.cast import ANA
from tests.support.builders import NOON, interaction
from tests.worlds.replay import MATRIX, RULES, ReplayWorld, play_history

TAMPERED: dict[str, tuple[sa.Update | sa.Delete | sa.Insert, str]] = {
    "a count": (sa.update(counts).where(counts.c.identity_id == ANA.id).values(entries=b""), ANA.id),
    "an older count": (sa.update(older_counts).values(entries=b""), "activity=260 on 1 days"),
    "what was given by hand": (sa.update(counts).values(by_hand=None), "rebuilt adjustments=1 on 1 days"),
    "a trait": (
        sa.update(traits)
        .where(traits.c.identity_id == ANA.id, traits.c.name == "title")
        .values(value='"boss"'),
        f"{ANA.id} title",
    ),
    "a link": (sa.update(links).values(refused="because"), "live refused=True / rebuilt refused=False"),
    "a link that is gone": (sa.delete(links), "live has no such row"),
    "a row of the ledger": (
        sa.update(ledger).where(ledger.c.event_id == "wrong").values(type="visit"),
        "ledger wrong: live type=visit / rebuilt type=download",
    ),
    "a row of the ledger that is gone": (
        sa.delete(ledger).where(ledger.c.event_id == "wrong"),
        "ledger wrong: live has no such row",
    ),
    "a row of the ledger that never was": (
        sa.insert(ledger).values(
            event_id="forged", identity_id=ANA.id, type="visit", occurred_at=NOON, properties="{}"
        ),
        "ledger forged: live",
    ),
    "a person": (
        sa.update(identities).where(identities.c.value == "cookie").values(profile_id=ANA.id),
        f"profile_id={ANA.id}",
    ),
    "a score": (sa.update(scores).where(scores.c.profile_id == ANA.id).values(score=99.5), "score=99.5"),
    "a lead that nobody was told of": (
        sa.insert(cycles).values(
            profile_id=ANA.id, model="m", cycle=9, lead_id="lead_forged", version=1, flipped_at=NOON
        ),
        f"cycles {ANA.id} m 9: live lead_id=lead_forged",
    ),
    "a lead that is gone": (sa.delete(cycles), "live has no such row"),
    "who flipped": (sa.delete(cycle_identities), "live has no such row"),
    "a name that never came": (
        sa.insert(seen_names).values(kind="property", name="forged", form="text"),
        "seen_names property (not shown) text: live",
    ),
    "a form in which a name never came": (
        sa.update(seen_names).where(seen_names.c.name == "path").values(form="number"),
        "seen_names property (not shown) number: live",
    ),
    "a name that is gone": (
        sa.delete(seen_names).where(seen_names.c.name == "title"), "live has no such row",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
async def test_rows_changed_outside_of_scoring_are_found_and_named_with_their_table(
    running: ReplayWorld, what: str
) -> None:
    await play_history(running)
    statement, told = TAMPERED[what]
    await running.execute(statement)
    assert not await running.matches_the_log()
    # The check reports the sum of the two rows of an identity.
    table = statement.entity_description["name"].removeprefix("older_")
    assert any(line.startswith(f"{table} ") and told in line for line in running.printed.splitlines()), (
        running.printed
    )


async def test_the_check_does_not_print_personal_values(running: ReplayWorld) -> None:
    await play_history(running)
    await running.execute(sa.update(traits).values(value='"secret"'))
    await running.execute(sa.update(identities).values(value="secret"))
    await running.execute(sa.update(ledger).values(properties='{"a":"secret"}', source="secret"))
    assert not await running.matches_the_log()
    assert "(not shown)" in running.printed
    assert all(one not in running.printed for one in ("secret", "Assistant", "ana@example.com", "/pricing"))


async def test_the_check_finds_a_lead_that_was_never_written_to_the_log(running: ReplayWorld) -> None:
    await running.world.activate(*RULES, **MATRIX)
    await running.append_and_score(*(interaction("download", day=-n) for n in range(3)))
    assert await running.matches_the_log(), "the lead waits in the outbox"
    await running.execute(sa.delete(outbox).where(outbox.c.topic == LEADS))
    assert not await running.matches_the_log()
    assert f"cycles {ANA.id} m 1: live lead_id=lead_" in running.printed


async def test_a_log_that_lost_its_end_is_found(running: ReplayWorld, tmp_path: Path) -> None:
    await running.world.activate(*RULES, **MATRIX)
    await running.append_and_score(interaction(), interaction("like"))
    other = EmbeddedLog(tmp_path / "other.sqlite")
    running.log, old = other, running.log
    assert not await running.matches_the_log()
    assert "The log has less than scoring has read of interactions/0" in running.printed
    running.log = old
    await other.close()


async def test_a_database_of_another_schema_version_is_refused_with_the_migrate_command(
    running: ReplayWorld,
) -> None:
    await running.execute(sa.text("update alembic_version set version_num = '0001'"))
    with pytest.raises(Misconfigured, match="flipline migrate"):
        await running.matches_the_log()
