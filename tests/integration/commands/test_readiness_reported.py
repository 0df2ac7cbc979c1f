"""A process reports what it waits for, and that it is up once it is."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from deploy.localserver import free_port
from tests.support.command import KEYS, ROOT, environment
from tests.support.patience import PATIENCE_SECONDS


@asynccontextmanager
async def started(command: str, **given: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command that serves, with its standard error in its standard output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services", command, "--port", "0",
        cwd=ROOT, env=environment(**KEYS, **given),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
        process.send_signal(signal.SIGINT)
        await drained(process)
        assert await process.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def drained(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    return (await process.stdout.read()).decode()


async def until(process: asyncio.subprocess.Process, words: str) -> str:
    """Return the output of the process up to the line with these words."""
    assert process.stdout
    output = ""
    while words not in output:
        line = (await process.stdout.readline()).decode()
        assert line, f"ended without {words!r}:\n{output}"
        output += line
    return output


@asynccontextmanager
async def forwarding(port: int, to: str) -> AsyncIterator[None]:
    """Answer on a port of this machine as a server on another machine would."""
    host, _, its_port = to.partition(":")

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        its_reader, its_writer = await asyncio.open_connection(host, int(its_port))

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError):
                while chunk := await source.read(65536):
                    sink.write(chunk)
                    await sink.drain()
            sink.close()

        await asyncio.gather(pump(reader, its_writer), pump(its_reader, writer))

    server = await asyncio.start_server(forward, "127.0.0.1", port)
    yield
    server.close()


@pytest.mark.kafka
async def test_up_reports_a_missing_dependency_and_then_that_it_is_up(kafka: str, tmp_path: Path) -> None:
    port, prefix = free_port(), f"ready-{uuid4().hex[:8]}-"
    given = {"log": f"kafka://127.0.0.1:{port}", "kafka_topic_prefix": prefix, "data_dir": str(tmp_path)}
    async with started("up", **given) as process:
        output = await until(process, "\n  log: ")
        assert "is not ready" in output
        assert f"127.0.0.1:{port}" in output
        assert "Flipline is up" not in output
        url = output.partition("Flipline answers on ")[2].split()[0]
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as client:
            assert (await client.get("/readyz")).status_code == 503
            async with forwarding(port, kafka):
                output = await until(process, "Flipline is up")
                assert url in output


@pytest.mark.parametrize("command", ["ingest", "scoring", "handoff"])
async def test_a_service_logs_the_dependency_that_it_waits_for(tmp_path: Path, command: str) -> None:
    given = {"log": f"kafka://127.0.0.1:{free_port()}", "data_dir": str(tmp_path)}
    async with started(command, **given) as process:
        line = json.loads((await until(process, '"event":"not_ready"')).splitlines()[-1])
        assert "log" in line["missing"]
        assert line["level"] == "warning"


async def test_services_that_share_a_data_directory_with_up_log_their_real_address(tmp_path: Path) -> None:
    given = {"data_dir": str(tmp_path)}
    async with started("up", **given) as up, started("scoring", **given) as scoring:
        await until(up, "Flipline is up")
        async with started("scoring", **given) as another, started("handoff", **given) as handoff:
            for process in (scoring, another, handoff):
                line = json.loads((await until(process, '"event":"ready"')).splitlines()[-1])
                async with httpx.AsyncClient(base_url=line["url"], timeout=PATIENCE_SECONDS) as client:
                    assert (await client.get("/healthz")).is_success
