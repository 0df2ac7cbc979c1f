"""Drafts and activations beside live scoring: no transaction waits while a matrix is parsed."""

import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from services.scoring.change import activation, preparation
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.version import matrix_in
from services.scoring.matrix.warnings.all_warnings import MAX_WARNINGS
from services.scoring.routes import drafts
from services.scoring.store import models, names
from shared.database.engine import Database
from tests.integration.scoring.small_pages import prepare_in_pages_of
from tests.support.builders import interaction, rule
from tests.support.statements import statements, writing_engine
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld, run_scoring

DRAFT = "/v1/models/m/draft"


@pytest.fixture
async def on_sqlite(sqlite_url: str, tmp_path: Path) -> AsyncIterator[ScoringHttpWorld]:
    database = Database(sqlite_url)
    async with run_scoring(database, tmp_path) as running:
        yield running
    await database.close()


@pytest.fixture
def read_within(monkeypatch: pytest.MonkeyPatch, on_sqlite: ScoringHttpWorld) -> list[bool]:
    """Note, for each matrix that is parsed, whether the one writer of SQLite was in use then."""
    pool: Any = writing_engine(on_sqlite.database).pool
    taken: list[bool] = []
    validate = Matrix.model_validate

    def noted(document: Any, **how: Any) -> Matrix:
        taken.append(bool(pool.checkedout()))
        return validate(document, **how)

    monkeypatch.setattr(Matrix, "model_validate", noted)
    matrix_in.cache_clear()
    return taken


def of_types(number: int) -> dict[str, Any]:
    chunks = [[f"t{n}" for n in range(start, min(start + 50, number))] for start in range(0, number, 50)]
    return MARATHON | {
        "rules": [rule(f"r{n}", 30, when={"type": chunk}) for n, chunk in enumerate(chunks)],
    }


async def test_a_draft_of_many_types_makes_no_more_statements(scoring: ScoringHttpWorld) -> None:
    asked: list[int] = []
    await scoring.consume(interaction())
    for number in (5, 900):
        with statements(scoring.database) as made:
            warnings = (await scoring.put(DRAFT, of_types(number)))["warnings"]
        assert sum(one["code"] == "type_unknown" for one in warnings) == min(number, MAX_WARNINGS - 1)
        assert warnings[0]["code"] == "no_lead_expected"
        asked.append(len(made))
    assert asked[0] == asked[1] < 10


async def test_a_draft_matrix_is_read_outside_the_write_transaction(
    on_sqlite: ScoringHttpWorld, read_within: list[bool]
) -> None:
    await on_sqlite.put(DRAFT, of_types(60))
    await on_sqlite.get(DRAFT)
    assert read_within == [False, False]


async def test_an_activation_reads_its_matrix_once_and_outside_the_write_transaction(
    on_sqlite: ScoringHttpWorld, read_within: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_in_pages_of(1, monkeypatch)
    await on_sqlite.activate_document()
    await on_sqlite.consume(*(interaction(known_as={"email": f"p{n}@example.com"}) for n in range(5)))
    await on_sqlite.put(DRAFT, MARATHON | {"rules": [rule("likes", 30, when={"type": "like"})]})
    read_within.clear()
    await on_sqlite.post("/v1/models/m/activate")
    assert read_within == [False]
    await on_sqlite.activate_document(MARATHON | {"flip_number": 26})
    read_within.clear()
    matrix_in.cache_clear()
    await on_sqlite.post("/v1/models/m/activate", {"version": 1})
    # Versions 1 and, after all was forgotten, 3 once, by the batch or page that comes first.
    assert read_within[0] is False
    assert len(read_within) == 2


async def test_an_activation_compares_flips_without_locking_the_writer(
    on_sqlite: ScoringHttpWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool: Any = writing_engine(on_sqlite.database).pool
    taken: list[bool] = []
    compare = activation.compare

    def noted(*arguments: Any) -> Any:
        taken.append(bool(pool.checkedout()))
        return compare(*arguments)

    monkeypatch.setattr(activation, "compare", noted)
    await on_sqlite.activate_document(MARATHON | {"flip_number": 30})
    await on_sqlite.consume(interaction(), interaction())
    activated = await on_sqlite.activate_document(MARATHON | {"flip_number": 15}, handoff="all")
    assert taken == [False, False]
    assert (activated["flip_diff"]["newly_flipped"], activated["flip_diff"]["handed_over_now"]) == (1, 1)
    (first, *_) = (await on_sqlite.get("/v1/models/m/activations"))["items"]
    assert first["flip_diff"] == activated["flip_diff"]


async def test_deleting_a_draft_or_an_activation_reads_no_matrix(
    on_sqlite: ScoringHttpWorld, read_within: list[bool]
) -> None:
    def started(connection: Connection) -> None:
        draft = models.draft_of(connection, "m")
        assert draft is not None
        preparation.start(connection, draft, on_sqlite.clock.now())

    await on_sqlite.activate_document()
    await on_sqlite.put(DRAFT, of_types(10))
    await on_sqlite.database.unit(started)
    matrix_in.cache_clear()
    read_within.clear()
    assert (await on_sqlite.refusal("DELETE", DRAFT))[:2] == (409, "activation_under_way")
    assert (await on_sqlite.http.delete("/v1/models/m/activation")).status_code == 204
    assert (await on_sqlite.http.delete(DRAFT)).status_code == 204
    assert read_within == []


async def test_a_draft_matrix_is_read_in_another_thread(
    scoring: ScoringHttpWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    read = drafts.read_matrix

    def noted(model: str, document: Any) -> Matrix:
        threads.append(threading.get_ident())
        return read(model, document)

    monkeypatch.setattr(drafts, "read_matrix", noted)
    await scoring.put(DRAFT, MARATHON)
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


async def test_types_seen_in_interactions_are_known_anywhere_in_a_condition(
    scoring: ScoringHttpWorld,
) -> None:
    when = {"all": [{"not": {"type": "bike_ride"}}, {"any": [{"type": "swim"}, {"where": {"x": 1}}]}]}
    document = MARATHON | {"rules": [rule("sports", 30, when=when)]}

    async def unknown() -> list[str]:
        warnings = (await scoring.put(DRAFT, document))["warnings"]
        return [one["field"] for one in warnings if one["code"] == "type_unknown"]

    await scoring.activate_document()
    await scoring.consume(interaction())
    assert await unknown() == ["rules.0.when.all.0.not.type", "rules.0.when.all.1.any.0.type"]
    await scoring.consume(interaction("bike_ride"), interaction("swim"))
    assert await unknown() == []


async def test_the_unknown_type_warning_says_when_only_the_first_types_are_stored(
    scoring: ScoringHttpWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "LIMIT", 3)
    await scoring.activate_document()
    await scoring.consume(*(interaction(f"type_{n}") for n in range(5)))
    document = MARATHON | {"rules": [rule("r", 30, when={"type": ["type_0", "type_4"]})]}
    (warning,) = (await scoring.put(DRAFT, document))["warnings"]
    assert (warning["field"], warning["code"]) == ("rules.0.when.type.1", "type_unknown")
    assert warning["message"].startswith("no interaction of type type_4 is among those that came first")
