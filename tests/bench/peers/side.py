"""The result of one run of one side."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.peers.course import Stretch
from tests.bench.peers.outcome import Outcome


@dataclass(frozen=True)
class Result:
    """The stretches by name, the worker's memory, and the outcome of the fold."""

    stretches: Mapping[str, Stretch]
    peak_mebibytes: float
    outcome: Outcome

    def as_json(self) -> dict[str, Any]:
        """Return the result as the file of results has it, without the scores of profiles."""
        stretches = {
            name: asdict(stretch)
            | {
                "microseconds": stretch.microseconds._asdict(),
                "total_microseconds": stretch.total,
                "events_per_second": stretch.rate,
            }
            for name, stretch in self.stretches.items()
        }
        return {
            "stretches": stretches,
            "peak_mebibytes": self.peak_mebibytes,
            "profiles": len(self.outcome.scores),
            "leads": len(self.outcome.leads),
        }
