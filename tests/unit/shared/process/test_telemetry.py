"""A trace on a terminal shows where something failed, without values."""

import io
import sys

import pytest
import structlog

from shared.process.telemetry import configure_logging


def test_a_console_trace_shows_no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    with monkeypatch.context() as changed:
        changed.setattr(sys, "stderr", written)
        configure_logging("debug", console=True)
        try:
            _fail("fl_write_" + "x" * 32)
        except ValueError:
            structlog.get_logger("a-name-of-this-test-alone").warning("failed", exc_info=True)
    configure_logging("error", console=False)
    text = written.getvalue()
    assert "ValueError\n  tests/unit/shared/process/test_telemetry.py:" in text
    assert "in _fail" in text
    assert "it failed" not in text
    assert "fl_write_" + "x" * 32 not in text


def _fail(key: str) -> None:
    raise ValueError("it failed")


def test_a_log_line_that_cannot_be_written_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that cannot log a full disk to the same disk goes on with its work."""

    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as changed:
        changed.setattr(sys, "stderr", Full())
        configure_logging("debug", console=False)
        structlog.get_logger("another-name-of-this-test-alone").warning("worker.failed")
    configure_logging("error", console=False)
