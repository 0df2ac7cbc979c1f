"""An access log is imported into one process and into a cluster: both give the same scores."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.access_log import access_log
from tests.e2e.flipline import ALL_IN_ONE, KEYS, ONE_EACH, Flipline
from tests.e2e.processes import run

MODEL = "interest"
# Every kind of limit and cap, and a flip number that some profiles reach and most do not.
MATRIX: dict[str, Any] = {
    "flip_number": 30,
    "stages": {"curious": 3, "interested": 12},
    "rules": [
        {
            "id": "visits",
            "when": {"type": "visit"},
            "points": 1,
            "limit": {"times": 5, "per": "day"},
            "cap": 25,
        },
        {
            "id": "reads_the_blog",
            "when": {"type": "visit", "where": {"path": {"starts_with": "/blog/"}}},
            "points": 2,
            "limit": {"times": 1, "per": "week", "by": "path"},
            "cap": 20,
        },
        {
            "id": "looks_at_projects",
            "when": {
                "type": "visit",
                "where": {"path": {"glob": "/projects/*/"}, "search": {"missing": True}},
            },
            "points": 1.5,
            "limit": {"times": 3, "per": "month"},
        },
        {
            "id": "downloads",
            "when": {"type": "download"},
            "points": 8,
            "limit": {"times": 1, "per": "ever", "by": "asset"},
            "cap": 24,
        },
        {
            "id": "comes_from_nowhere",
            "when": {
                "all": [
                    {"type": "visit"},
                    {"not": {"type": "visit", "where": {"referrer": {"exists": True}}}},
                ]
            },
            "points": -0.25,
            "limit": {"times": 2, "per": "day"},
            "cap": 3,
        },
    ],
}


async def imported(log: Path, flipline: Flipline, state: Path) -> str:
    """Import the log with the command, wait until it is scored, and return what the command printed."""
    exit_code, printed = await run(
        "import", "access-log", str(log),
        "--url", flipline.write.url, "--key", KEYS["write"], "--data-dir", str(state),
        settings=flipline.settings,
    )  # fmt: skip
    assert exit_code == 0, printed
    await flipline.settled()
    return printed


@pytest.mark.kafka
@pytest.mark.postgres
async def test_an_import_gives_the_same_scores_in_one_process_and_in_a_cluster_and_counts_once(
    embedded_settings: dict[str, str], cluster_settings: dict[str, str], tmp_path: Path
) -> None:
    log = access_log(tmp_path)
    state = tmp_path / "import"
    async with (
        Flipline(embedded_settings, ALL_IN_ONE, tmp_path) as embedded,
        Flipline(cluster_settings, ONE_EACH, tmp_path) as cluster,
    ):
        for flipline in (embedded, cluster):
            await flipline.activate(MODEL, MATRIX)
            await imported(log, flipline, state)
        expected = await embedded.scores(MODEL)
        assert len(expected) > 500
        assert len(set(expected.values())) > 20, "the matrix tells visitors apart"
        assert any(score >= MATRIX["flip_number"] for score in expected.values())
        assert await cluster.scores(MODEL) == expected

        # With its state the command goes on where it ended. To post everything again it gets a new state;
        # only the salt stays, because visitors would get other ids with another salt.
        forgetful = tmp_path / "import-again"
        forgetful.mkdir()
        shutil.copy(state / "import.salt", forgetful)
        for flipline in (embedded, cluster):
            taken_in = await flipline.accepted()
            await imported(log, flipline, state)
            assert await flipline.accepted() == taken_in
            await imported(log, flipline, forgetful)
            assert await flipline.accepted() == 2 * taken_in
            assert await flipline.scores(MODEL) == expected
