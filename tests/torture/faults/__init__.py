"""The faults, a file for each group; FAULTS are all of them, in the order of the table."""

from tests.torture.fault import Fault
from tests.torture.faults import (
    attacks,
    frozen,
    full_disk,
    killed,
    locked,
    lost_log,
    older_tables,
    servers,
    sick_receivers,
)

FAULTS: tuple[Fault, ...] = (
    *killed.FAULTS,
    *frozen.FAULTS,
    *full_disk.FAULTS,
    *locked.FAULTS,
    *servers.FAULTS,
    *lost_log.FAULTS,
    *older_tables.FAULTS,
    *sick_receivers.FAULTS,
    *attacks.FAULTS,
)
