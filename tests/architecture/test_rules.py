"""Rules of the house that no linter knows; each names the accident that it prevents."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.process.settings import Settings

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("shared", "services") for path in (ROOT / folder).rglob("*.py"))
MOST_LINES = 250


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the dotted name and the line of everything that a file calls."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            yield ast.unparse(node.func), node.lineno


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def offenders(names: set[str], *, but: set[str]) -> list[str]:
    return [
        f"{name(path)}:{line} {called}"
        for path in SOURCES
        if name(path) not in but
        for called, line in calls(path)
        if called in names
    ]


def test_only_the_clock_module_reads_the_wall_clock() -> None:
    """A fold that asks the wall clock gives another score in a replay than it gave live."""
    wall_clock = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
    assert offenders(wall_clock, but={"shared/process/clock.py"}) == []


def test_only_allowed_modules_use_randomness() -> None:
    """An id or a jitter drawn deep inside cannot be repeated by a test, nor by a replay."""
    allowed = {
        "shared/ids.py",
        "shared/process/keys.py",  # makes keys
        "shared/process/supervisor.py",  # spreads restarts; no result depends on it
        "services/handoff/compose.py",
        "services/ingest/imports/visitor.py",  # makes the salt of a data dir
    }
    sources = {"random", "secrets", "uuid", "uuid_utils"}
    found = [name(path) for path in SOURCES if sources & set(imports(path)) and name(path) not in allowed]
    assert found == []


def test_only_the_unit_of_work_commits() -> None:
    """A commit in the middle of a unit of work leaves half of it behind when the rest fails."""
    found = [
        f"{name(path)}:{line} {called}"
        for path in SOURCES
        for called, line in calls(path)
        if called.endswith((".commit", ".rollback", ".begin", ".begin_nested"))
    ]
    homes = ("shared/database/greenlets.py", "shared/database/threads.py", "shared/log/kafka_consumer.py")
    assert [commit for commit in found if not commit.startswith(homes)] == []


KAFKA = ("kafka", "kafka_consumer", "kafka_producer", "kafka_replay", "kafka_topics")


def test_a_driver_is_imported_by_its_adapter_alone() -> None:
    """The day a driver has to be replaced, one file changes."""
    homes = {
        "aiokafka": {f"shared/log/{part}.py" for part in KAFKA},
        "sqlite3": {"shared/log/embedded_file.py"},
        "alembic": {"shared/database/migrations.py"},
        "aiohttp": {
            *(
                "services/handoff/sending/bounded.py",
                "services/handoff/sending/connect.py",
                "services/handoff/sending/send.py",
            ),
            "services/demo/inbox.py",
        },
    }
    for path in SOURCES:
        for module in imports(path):
            home = homes.get(module.partition(".")[0])
            assert home is None or name(path) in home, f"{name(path)} imports {module}"


SERVICES = [path for path in SOURCES if name(path).startswith("services/") and "/store/" not in name(path)]


def imported_names(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything that a file imports, as `module` or as `module.name`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_sql_stands_in_store() -> None:
    """A statement in the middle of a rule hides how often, and in which order, the database is asked.

    The type of the connection that a rule passes on to store/ is not SQL.
    """
    found = [
        f"{name(path)} imports {imported}"
        for path in SERVICES
        for imported in imported_names(path)
        if imported.partition(".")[0] == "sqlalchemy" and imported != "sqlalchemy.Connection"
    ]
    assert found == []


def test_only_store_knows_the_tables() -> None:
    """A column can be changed when all that read it are in one folder."""
    modules = {"tables", "fold_tables"}
    found = [
        f"{name(path)} imports {imported}"
        for path in SERVICES
        for imported in imported_names(path)
        if modules & set(imported.split("."))
    ]
    assert found == []


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_source_files_have_at_most_250_lines(path: Path) -> None:
    """A file longer than a few screens hides two jobs, and is not read to the end."""
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_codes_of_not_found_errors_end_with_unknown() -> None:
    """A program that meets `lead_not_found` here and `profile_unknown` there must know each by heart."""
    codes = {
        str(node.args[0].value)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "NotFound"
        and isinstance(node.args[0], ast.Constant)
    }
    assert codes
    assert sorted(code for code in codes if not code.endswith("_unknown")) == []


def test_numeric_settings_have_a_description_and_a_unit() -> None:
    """A number without its unit gets set a thousand times too high one day."""
    for setting, field in Settings.model_fields.items():
        if field.annotation in {int, float} and setting != "port":
            assert field.description, setting
        if field.annotation is float:
            assert setting.endswith("_seconds"), setting


def test_secrets_are_not_shown() -> None:
    """What reaches a log or a traceback by repr must not open a door."""
    from shared.process.keys import Keys

    shown = repr(Keys(write=("fl_write_x",), ops=("fl_ops_x",), crm=("fl_crm_x",)))
    assert "fl_" not in shown
    settings = repr(Settings(write_keys=("fl_write_x",), database_url="postgresql+asyncpg://a:secret@h/d"))
    assert "fl_write_x" not in settings
    assert "secret" not in settings
