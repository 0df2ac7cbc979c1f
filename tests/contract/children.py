"""Processes of their own for the log's exam, which kills them."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]

Start = Callable[[str], Awaitable[asyncio.subprocess.Process]]


@asynccontextmanager
async def child_of(log_url: str, database_url: str) -> AsyncGenerator[Start]:
    """Give a function that starts a child process for a job; the process is killed at the end."""
    async with AsyncExitStack() as stack:

        async def start(job: str) -> asyncio.subprocess.Process:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.contract.log_child", job, log_url, database_url,
                cwd=ROOT, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            stack.push_async_callback(_kill, process)
            return process

        yield start


async def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()
