"""Settings: all from the environment, each with its unit and its reason."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.forms.phones import REGIONS
from shared.forms.text import cleaned
from shared.identity import KIND_PATTERN, MAX_VALUE_LENGTH, Forms

Csv = Annotated[tuple[str, ...], NoDecode]
Keyed = Annotated[tuple[str, ...] | None, NoDecode]

_BROKER = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]@]+)(:(?P<port>\d{1,5}))?")
_LAST_PORT = 65535


class Settings(BaseSettings):
    """What one process needs to know; every name has the prefix `FLIPLINE_`."""

    # Errors do not show the given value: it may be a key or a password.
    model_config = SettingsConfigDict(
        env_prefix="FLIPLINE_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    host: str = Field(
        default="127.0.0.1", description="Address to listen on; behind a proxy it can stay local."
    )
    port: int = Field(default=8000, ge=0, le=_LAST_PORT)
    data_dir: Path = Path(".flipline")
    log: str = Field(default="embedded", description="`embedded`, or `kafka://host:port`, also several.")
    # repr=False: these are secrets, and a repr ends up in logs and tracebacks.
    database_url: str | None = Field(
        default=None, repr=False, description="Absent: a SQLite file in the data dir."
    )
    write_keys: Keyed = Field(default=None, repr=False)
    ops_keys: Keyed = Field(default=None, repr=False)
    crm_keys: Keyed = Field(default=None, repr=False)
    webhook_allow: Csv = Field(
        default=(), description="Private networks (CIDR) or hosts that webhooks may reach."
    )
    identity_limits: Annotated[dict[str, int], NoDecode] = Field(
        default={"user_id": 1},
        description="How many identities of a kind one person can have, such as `email=5`; user_id=1 "
        "unless it is set here.",
    )
    placeholder_ids: Csv = Field(
        default=(),
        max_length=1_000,
        description="Placeholders of this installation, such as `void,abc123`, beside the common ones.",
    )
    phone_region: str | None = Field(
        default=None, description="The region (ISO 3166-1) of national telephone numbers, such as `ES`."
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    max_connections: int = Field(
        default=1_000, ge=1, le=1_000_000, description="At once; those without a request make way first."
    )
    max_requests: int = Field(
        default=250, ge=1, le=1_000_000, description="In progress at once; further requests are answered 503."
    )

    kafka_partitions: int = Field(default=6, ge=1, le=1000, description="For new topics; bounds the workers.")
    kafka_topic_prefix: str = Field(
        default="", pattern=r"^[a-zA-Z0-9._-]{0,200}$", description="For a cluster shared with others."
    )
    kafka_session_timeout_seconds: float = Field(
        default=10.0,
        ge=1,
        le=1800,
        description="How long a dead worker's partitions wait for another worker.",
    )
    webhook_timeout_seconds: float = Field(
        default=15.0, gt=0, le=30, description="Standard Webhooks asks for 15 to 30 seconds."
    )

    @field_validator("host", "data_dir", "log", "database_url", mode="before")
    @classmethod
    def _not_empty(cls, value: object) -> object:
        # An empty host would be every address of the machine, an empty directory the current one.
        if isinstance(value, str) and not value.strip():
            raise ValueError("is set but empty; give it a value, or unset it")
        return value

    @field_validator("log")
    @classmethod
    def _log(cls, value: str) -> str:
        if value != "embedded":
            scheme, _, brokers = value.partition("://")
            found = [_BROKER.fullmatch(broker) for broker in brokers.split(",")]
            ports = [int(match["port"] or 1) for match in found if match]
            if scheme != "kafka" or len(ports) < len(found) or not all(1 <= n <= _LAST_PORT for n in ports):
                raise ValueError(
                    "must be embedded, or kafka://host:port, with a comma before a further host:port"
                )
        return value

    @field_validator("webhook_allow", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("write_keys", "ops_keys", "crm_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        # Empty entries stay, so that shared/process/keys.py can refuse them.
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("identity_limits", mode="before")
    @classmethod
    def _limits(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        limits = {"user_id": 1}
        for part in filter(None, value.replace(" ", "").split(",")):
            kind, _, limit = part.partition("=")
            if not limit.isdecimal() or int(limit) < 1 or not KIND_PATTERN.fullmatch(kind):
                raise ValueError("must name kinds with a number of at least 1, such as user_id=1,email=5")
            limits[kind] = int(limit)
        return limits

    @field_validator("placeholder_ids", mode="before")
    @classmethod
    def _split_placeholders(cls, value: object) -> object:
        words = [cleaned(part) for part in value.split(",")] if isinstance(value, str) else value
        if isinstance(words, list | tuple) and not all(0 < len(word) <= MAX_VALUE_LENGTH for word in words):
            raise ValueError(
                f"must be values of 1 to {MAX_VALUE_LENGTH} characters with commas between them, or unset"
            )
        return words

    @field_validator("phone_region")
    @classmethod
    def _region(cls, value: str | None) -> str | None:
        region = value if value is None else value.strip().upper()
        if region is not None and region not in REGIONS:
            raise ValueError("must be a region of two letters (ISO 3166-1), such as ES or US")
        return region

    def forms(self) -> Forms:
        """Return the rules for identities that these settings make."""
        return Forms(self.phone_region, self.placeholder_ids)

    @property
    def effective_database_url(self) -> str:
        """The database to use: the configured one, or a SQLite file in the data dir."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'state.sqlite'}"

    @property
    def configured_keys(self) -> dict[str, tuple[str, ...] | None]:
        """The keys by role, as far as the environment has them; not yet checked."""
        return {"write": self.write_keys, "ops": self.ops_keys, "crm": self.crm_keys}
