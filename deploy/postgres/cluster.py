"""A private PostgreSQL cluster on this machine: `python deploy/postgres/cluster.py start`.

The last line on stdout is the setting to use it with. It needs an installed PostgreSQL server, 15 or later.
"""

import sys
from pathlib import Path

# Python looks for modules beside a script, and `deploy` is not there.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.command import Options, run
from deploy.postgres.account import make_directory, server_account, server_directory
from deploy.postgres.programs import Programs
from deploy.postgres.server import Server

_ROOT = Path(__file__).resolve().parents[2]


def start(options: Options) -> None:
    """Start the cluster if it does not run, and print the FLIPLINE_DATABASE_URL to use."""
    options.directory.parent.mkdir(parents=True, exist_ok=True)
    server = _server(options.directory)
    make_directory(server.directory, server.programs.account)
    server.start(options.port)
    _print_setting(server)


def stop(options: Options) -> None:
    """Stop the cluster; its data stays."""
    _server(options.directory).stop()


def status(options: Options) -> None:
    """Print the FLIPLINE_DATABASE_URL to use, or fail if the cluster is not in service."""
    server = _server(options.directory)
    server.check()
    _print_setting(server)


def _server(requested: Path) -> Server:
    account = server_account()
    directory = server_directory(requested, account)
    return Server("PostgreSQL", directory, Programs(directory, account))


def _print_setting(server: Server) -> None:
    print(f"FLIPLINE_DATABASE_URL={server.url}")


def main() -> int:
    """Carry out the command line and return the exit code."""
    commands = {"start": start, "stop": stop, "status": status}
    description = "Run a private PostgreSQL cluster on this machine."
    return run(description, commands, directory=_ROOT / ".local" / "postgres", port=0)


if __name__ == "__main__":
    sys.exit(main())
