"""A short version of every fault of `make torture`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.faults.servers import Kind, OwnServer
from tests.torture.enduring import endure
from tests.torture.fault import Fault
from tests.torture.faults import FAULTS
from tests.torture.ground import DISK_KIBIBYTES

EVENTS = 280


class GroundOfTheSuite:
    """The fixtures of the suite; they skip a test for what the machine lacks."""

    def __init__(self, request: pytest.FixtureRequest, directory: Path) -> None:
        self._request = request
        self.directory = directory

    def address(self, kind: Kind) -> str:
        found: str = self._request.getfixturevalue(kind)
        return f"kafka://{found}" if kind == "kafka" else found

    def own(self, kind: Kind) -> OwnServer:
        return self._request.getfixturevalue(f"own_{kind}")

    def disk(self) -> Path:
        make: Callable[[int], Path] = self._request.getfixturevalue("disk_of")
        return make(DISK_KIBIBYTES)


def case(fault: Fault) -> object:
    return pytest.param(fault, id=fault.name, marks=[getattr(pytest.mark, kind) for kind in fault.servers])


@pytest.mark.parametrize("fault", [case(fault) for fault in FAULTS])
async def test_accepted_events_are_counted_once_and_leads_delivered_once_despite_each_fault(
    fault: Fault, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    outcome = await endure(fault, GroundOfTheSuite(request, tmp_path), events=EVENTS)
    assert outcome.complaints == ()
    assert outcome.accepted == outcome.in_ledger == outcome.sent > 0
    assert outcome.leads_delivered == outcome.leads_expected > 0
