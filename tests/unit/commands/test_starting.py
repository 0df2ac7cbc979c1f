"""Settings and options: an unusable value is refused with the name of its setting, and never shown."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from services.commands.configuring import settings_of
from services.commands.position_commands import positions
from services.ops.groups import add_groups
from shared.database.urls import described, read_url, sqlite_file
from shared.errors import Misconfigured
from shared.identity import Identity
from shared.process.settings import Settings

ROOT = Path(__file__).parents[3]
SECRET = "a-secret-that-nobody-may-see"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("PORT", ""),
        ("HOST", ""),
        ("DATA_DIR", " "),
        ("DATABASE_URL", ""),
        ("LOG", ""),
        ("LOG", "embedded://"),
        ("LOG", "kafka://"),
        ("LOG", "kafka://a b"),
        ("LOG", "kafka://broker:0"),
        ("LOG", "kafka://broker:99999"),
        ("LOG", "kafka://broker:port"),
        ("LOG", "kafka://one:9092,"),
        ("LOG", "kafka://user:secret@broker:9092"),
        ("LOG_LEVEL", "loud"),
        ("KAFKA_PARTITIONS", "0"),
        ("KAFKA_TOPIC_PREFIX", "a/b"),
        ("KAFKA_SESSION_TIMEOUT_SECONDS", "inf"),
        ("KAFKA_SESSION_TIMEOUT_SECONDS", "nan"),
        ("WEBHOOK_TIMEOUT_SECONDS", "nan"),
        ("IDENTITY_LIMITS", "email=none"),
        ("PLACEHOLDER_IDS", ""),
        ("PLACEHOLDER_IDS", "void,,abc123"),
        ("PLACEHOLDER_IDS", "void,\u200b"),
        ("PLACEHOLDER_IDS", "x" * 257),
        ("PLACEHOLDER_IDS", ",".join(f"word{n}" for n in range(1_001))),
        ("PHONE_REGION", ""),
        ("PHONE_REGION", "XX"),
        ("PHONE_REGION", "34"),
        ("PHONE_REGION", "Spain"),
    ],
)
def test_an_invalid_variable_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(f"FLIPLINE_{variable}", value)
    with pytest.raises(Misconfigured, match=f"^FLIPLINE_{variable} "):
        settings_of()


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_an_invalid_option_is_refused_by_name(port: int) -> None:
    with pytest.raises(Misconfigured, match=r"^--port must be"):
        settings_of(port=port)


@pytest.mark.parametrize("group", ["positions", "dead-letters", "models"])
def test_every_group_of_commands_refuses_an_empty_data_directory(group: str) -> None:
    app = typer.Typer()
    app.add_typer(positions, name="positions")
    add_groups(app, lambda _url, _data_dir: ("http://127.0.0.1:1", SECRET))
    ended = CliRunner().invoke(app, [group, "list", "--data-dir", ""])
    assert (ended.exit_code, "it is empty" in ended.output) == (2, True)


@pytest.mark.parametrize("log", ["embedded", "kafka://broker", "kafka://a:1,b-2.c:65535,[::1]:9092"])
def test_valid_log_urls_are_accepted(log: str) -> None:
    assert Settings(log=log).log == log


def test_settings_configure_placeholders_and_phone_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIPLINE_PLACEHOLDER_IDS", " void, ABC123 ")
    monkeypatch.setenv("FLIPLINE_PHONE_REGION", "es")
    forms = settings_of().forms()
    assert [forms.identity("user_id", value) for value in ("abc123", "Void", "undefined")] == [None] * 3
    assert forms.identity("phone", "600 123 456") == Identity("phone", "+34600123456")


def test_a_settings_error_does_not_show_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIPLINE_PORT", SECRET)
    with pytest.raises(Misconfigured) as caught:
        settings_of()
    assert SECRET not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize(
    "url",
    [
        SECRET,
        f"postgresql+asyncpg://u:{SECRET}@host:port/d",
        f"postgresql+asyncpg://u:{SECRET}@host:99999/d",
        f"postgresql+asyncpg://u:{SECRET}@host/d?sslmode=require",
        f"postgresql+psycopg://u:{SECRET}@host/d",
        f"mysql+asyncmy://u:{SECRET}@host/d",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:memory?uri=true",
    ],
)
def test_an_invalid_database_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(Misconfigured, match=r"^FLIPLINE_DATABASE_URL ") as caught:
        read_url(url)
    assert SECRET not in f"{caught.value} {caught.value.__cause__}"


def test_a_database_is_named_without_its_password() -> None:
    url = f"postgresql+asyncpg://u:{SECRET}@host:5433/leads?ssl=require"
    assert described(url) == "The database leads at host:5433"
    assert sqlite_file(url) is None
    assert described("sqlite:////var/state.sqlite") == "The database /var/state.sqlite"
    assert sqlite_file("sqlite:////var/state.sqlite") == Path("/var/state.sqlite")


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:////var/state.sqlite", "sqlite"),
        ("sqlite+aiosqlite:////var/state.sqlite", "sqlite"),
        ("postgresql+asyncpg://host/leads", "postgresql+asyncpg"),
        ("postgresql://host/leads", "postgresql+asyncpg"),
        ("postgres://host/leads", "postgresql+asyncpg"),
    ],
)
def test_a_database_url_without_a_driver_or_with_aiosqlite_is_accepted(given: str, driver: str) -> None:
    assert read_url(given).drivername == driver


@pytest.mark.parametrize(
    ("module", "unneeded"),
    [
        (
            "services.__main__",
            {
                "sqlalchemy",
                "fastapi",
                "numpy",
                "aiokafka",
                "aiohttp",
                "alembic",
                "uvicorn",
                "services.scoring",
            },
        ),
        ("services.hosting.ingest", {"services.scoring", "services.handoff", "numpy"}),
        ("services.hosting.handoff", {"services.scoring", "services.ingest", "numpy"}),
        ("services.hosting.scoring", {"services.ingest", "services.handoff", "aiohttp"}),
    ],
)
def test_a_command_imports_nothing_that_it_does_not_need(module: str, unneeded: set[str]) -> None:
    """To import all modules takes longer than most commands take."""
    listing = f"import sys, {module}; print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", listing], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert unneeded & set(ended.stdout.split()) == set()
