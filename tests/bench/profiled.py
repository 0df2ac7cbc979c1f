"""`flipline` under cProfile: `python -m tests.bench.profiled FILE COMMAND ...`.

The profile is that of the main thread, which runs the event loop.
"""

import cProfile
import pstats
import sys
from pathlib import Path

TOP = 25


def run(file: Path, arguments: list[str]) -> None:
    """Run the command and write its profile, also when the command fails."""
    from services.__main__ import main

    sys.argv = ["flipline", *arguments]
    profile = cProfile.Profile()
    profile.enable()
    try:
        main()
    finally:
        profile.disable()
        profile.dump_stats(file)


def hot_spots(file: Path) -> list[tuple[float, int, str]]:
    """Return (own seconds, calls, function) of the functions with the most time of their own."""
    entries = pstats.Stats(str(file)).get_stats_profile().func_profiles.items()
    rows = [
        (
            entry.tottime,
            int(str(entry.ncalls).split("/")[0]),
            f"{Path(entry.file_name).name}:{entry.line_number} {name}",
        )
        for name, entry in entries
    ]
    return sorted(rows, reverse=True)[:TOP]


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2:])
