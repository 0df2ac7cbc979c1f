"""Room for connections among the files that the operating system lets a process open."""

import resource
from typing import Final

from shared.errors import Misconfigured

SPARE_CONNECTIONS: Final = 64
"""Connections beyond the limit that get a refusal at once."""
OWN_FILES: Final = 512
"""Webhooks (256 at once, 64 kept), connections to database and log, files, sockets, and a reserve."""


def make_room(connections: int) -> None:
    """Raise the soft limit of open files as far as this many connections need.

    Raises Misconfigured when the hard limit is lower: at the limit, accepting a connection, opening a file
    and sending a webhook would fail, each in its own way.
    """
    needed = connections + SPARE_CONNECTIONS + OWN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        most = hard - SPARE_CONNECTIONS - OWN_FILES
        advice = f"set FLIPLINE_MAX_CONNECTIONS to {most} at most, or " if most > 0 else ""
        raise Misconfigured(
            "too_few_files",
            f"{connections} connections need {needed} open files, and the system allows {hard}: "
            f"{advice}raise the hard limit (ulimit -Hn).",
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
