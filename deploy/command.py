"""The command line that the local servers share: commands, steps told to a person, and exit codes.

Steps and errors go to stderr, so that stdout carries nothing but the line to use.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

_TAIL_LINES = 30
_LAST_PORT = 65535


class Failure(Exception):
    """The command cannot be carried out, and the message says what to do next."""

    exit_code = 1


class MissingPrerequisite(Failure):
    """A program that has to be installed first is missing."""

    exit_code = 3


class Options(argparse.Namespace):
    """The command line, once parsed."""

    command: str = ""
    directory: Path = Path()
    port: int = 0


def say(step: str) -> None:
    """Tell the person waiting what happens now."""
    print(step, file=sys.stderr, flush=True)


def tail(output: str) -> str:
    """Return the last lines of what a server or a tool wrote."""
    return "\n".join(output.splitlines()[-_TAIL_LINES:])


def run(
    description: str, commands: Mapping[str, Callable[[Options], None]], *, directory: Path, port: int
) -> int:
    """Carry out the command named on the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=description)
    subparsers = parser.add_subparsers(dest="command", required=True)
    for name, command in commands.items():
        subparser = subparsers.add_parser(name, help=command.__doc__, description=command.__doc__)
        subparser.add_argument(
            "--dir",
            dest="directory",
            type=_directory,
            default=directory,
            help="the directory the server keeps everything in (%(default)s)",
        )
        if name == "start":
            subparser.add_argument(
                "--port", type=_port, default=port, help="where it listens; 0 finds a free port (%(default)s)"
            )
    options = parser.parse_args(namespace=Options())
    try:
        commands[options.command](options)
    except (Failure, OSError) as error:
        say(f"error: {error}")
        return error.exit_code if isinstance(error, Failure) else Failure.exit_code
    return 0


def _directory(text: str) -> Path:
    return Path(text).resolve()


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and {_LAST_PORT}")
    return port
