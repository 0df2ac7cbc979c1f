"""What a fault is: what it needs, and how it is injected into a Flipline that works."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.support.faults.servers import Kind
from tests.torture.scene import Scene


@dataclass(frozen=True)
class Fault:
    """One row of the table.

    `inject` causes the fault while events are posted, observes that it had an effect, and removes it. It lets
    the sender go on as it needs, and is called once a round.
    """

    name: str
    inject: Callable[[Scene], Awaitable[None]]
    log: Literal["embedded", "kafka"] = "embedded"
    tables: Literal["sqlite", "postgres"] = "sqlite"
    one_process_each: bool = False
    own: Kind | None = None
    """the server that is stopped, killed or frozen, and so has to be the fault's own"""
    small_disk: Literal["log", "tables"] | None = None
    """what lies on a disk that can be filled"""
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """settings of Flipline beside the addresses of its parts"""
    turns_red: bool = True
    """whether /readyz has to report the fault"""
    log_is_whole: bool = True
    """whether the log still has all events in the end, so that `replay --check` must find no difference"""

    @property
    def servers(self) -> frozenset[Kind]:
        """The servers that it needs, its own or the run's."""
        needed: set[Kind] = set()
        if self.log == "kafka":
            needed.add("kafka")
        if self.tables == "postgres":
            needed.add("postgres")
        return frozenset(needed)
