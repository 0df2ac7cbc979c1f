"""The faults, each in a file with its siblings; FAULTS are all of them, in the order of the table."""

from tests.torture.fault import Fault
from tests.torture.faults import frozen, full_disk, killed, locked, servers

FAULTS: tuple[Fault, ...] = (
    *killed.FAULTS,
    *frozen.FAULTS,
    *full_disk.FAULTS,
    *locked.FAULTS,
    *servers.FAULTS,
)
