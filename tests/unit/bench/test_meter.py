"""Processor time is that of a process and all its descendants, including ended ones."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.meter import cpu_seconds, family_cpu_seconds
from tests.support.patience import PATIENCE_SECONDS

SPENT = 0.2
CHILD = f"import time\nwhile time.process_time() < {SPENT}: pass"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}]); print(); input()"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_family_cpu_time_includes_a_child_process_that_has_ended() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        parent.stdout.readline()
        of_children = family_cpu_seconds(parent.pid) - cpu_seconds(parent.pid)
        parent.communicate(b"\n", timeout=PATIENCE_SECONDS)
    # The kernel counts in hundredths.
    assert of_children >= SPENT - 0.02
