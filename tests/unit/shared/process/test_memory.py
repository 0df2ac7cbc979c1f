"""Freed memory stays with the process, so it need not be taken from the system again."""

import platform
import subprocess
import sys

import pytest

FREES_AND_TAKES = """
import resource, sys
import numpy as np
from shared.process.memory import keep_freed_memory
if sys.argv[1] == "keeps":
    keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def take():
    taken = [np.ones(500_000, np.uint8) for _ in range(20)]
take()
before = faults()
for _ in range(5):
    take()
print(faults() - before)
"""


def page_faults(how: str) -> int:
    """How many pages a process takes in five turns that take and free 10 MB each."""
    command = [sys.executable, "-c", FREES_AND_TAKES, how]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the setting")
def test_freed_memory_is_reused_without_page_faults() -> None:
    assert page_faults("keeps") < 100
    assert page_faults("gives back") > 5_000
