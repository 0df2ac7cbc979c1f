"""Settings: all from the environment, each with its unit and its reason."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.identity import KIND_PATTERN

Csv = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """What one process needs to know; `FLIPLINE_` stands before every name."""

    model_config = SettingsConfigDict(env_prefix="FLIPLINE_", extra="ignore", frozen=True)

    host: str = Field(
        default="127.0.0.1", description="Address to listen on; behind a proxy it can stay local."
    )
    port: int = Field(default=8000, ge=0, le=65535)
    data_dir: Path = Path(".flipline")
    log: str = Field(default="embedded", pattern=r"^(embedded|kafka://[^/]+)$")
    # repr=False: these open doors, and a repr ends up in logs and tracebacks.
    database_url: str | None = Field(
        default=None, repr=False, description="Absent: a SQLite file in the data dir."
    )
    write_keys: Csv = Field(default=(), repr=False)
    ops_keys: Csv = Field(default=(), repr=False)
    crm_keys: Csv = Field(default=(), repr=False)
    webhook_allow: Csv = Field(
        default=(), description="Private networks (CIDR) or hosts that webhooks may reach."
    )
    identity_limits: Annotated[dict[str, int], NoDecode] = Field(
        default={"user_id": 1},
        description="How many identities of a kind one person can have, such as `email=5`; user_id=1 always "
        "unless told otherwise.",
    )
    log_level: str = Field(default="info", pattern=r"^(debug|info|warning|error)$")

    max_connections: int = Field(
        default=1_000, ge=1, le=1_000_000, description="At once; those without a request make way first."
    )
    max_requests: int = Field(
        default=250, ge=1, le=1_000_000, description="In progress at once; more are told to come again."
    )

    kafka_partitions: int = Field(default=6, ge=1, le=1000, description="For new topics; bounds the workers.")
    kafka_topic_prefix: str = Field(default="", description="For a cluster shared with others.")
    kafka_session_timeout_seconds: float = Field(
        default=10.0, ge=1, description="How long a dead worker's partitions wait for another worker."
    )
    webhook_timeout_seconds: float = Field(
        default=15.0, gt=0, le=30, description="Standard Webhooks asks for 15 to 30 seconds."
    )

    @field_validator("write_keys", "ops_keys", "crm_keys", "webhook_allow", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("identity_limits", mode="before")
    @classmethod
    def _limits(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        limits = {"user_id": 1}
        for part in filter(None, value.replace(" ", "").split(",")):
            kind, _, limit = part.partition("=")
            if not limit.isdecimal() or int(limit) < 1 or not KIND_PATTERN.fullmatch(kind):
                raise ValueError("names kinds with a number of at least 1, such as user_id=1,email=5")
            limits[kind] = int(limit)
        return limits

    @property
    def effective_database_url(self) -> str:
        """The database to use: the configured one, or a SQLite file in the data dir."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.resolve() / 'state.sqlite'}"

    @property
    def configured_keys(self) -> dict[str, tuple[str, ...]]:
        """The keys by role, as far as the environment has them."""
        return {"write": self.write_keys, "ops": self.ops_keys, "crm": self.crm_keys}
