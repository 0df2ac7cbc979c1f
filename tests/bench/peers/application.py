"""The other sides: a Kafka Streams application, alone or with a copy of its scores in PostgreSQL."""

import asyncio
import json
import os
import subprocess
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.kafka.jars import find_java
from tests.bench.arena import Arena, Wrong
from tests.bench.ground import FLIP_NUMBER
from tests.bench.meter import peak_mebibytes
from tests.bench.peers.broker import check_leads, committed, make_topic, remove_topics
from tests.bench.peers.course import Reading, Servers, read_at
from tests.bench.peers.outcome import Outcome, check_scores
from tests.bench.peers.plan import Plan
from tests.bench.peers.side import Result
from tests.bench.peers.tables import database, jdbc, scores
from tests.bench.servers import started_process, tail
from tests.bench.workload import matrix

_JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
_STOP_SECONDS = 60


@dataclass(frozen=True)
class Application:
    """One run of the application; its group, its topics and its database are named after it."""

    arena: Arena
    class_path: str
    bootstrap: str
    name: str
    cluster: str | None
    """the PostgreSQL server for a copy of the scores; None for no copy"""

    def run(self, plan: Plan, servers: Servers) -> Result:
        """Take in all events and return the result; raises Wrong when leads are lost or doubled."""
        asyncio.run(make_topic(self.bootstrap, self._leads))
        try:
            with database(self.cluster, self._database) if self.cluster else nullcontext() as url:
                return self._run(plan, servers, url)
        finally:
            asyncio.run(remove_topics(self.bootstrap, self.name))

    @property
    def _leads(self) -> str:
        return f"{self.name}-leads"

    @property
    def _database(self) -> str:
        return self.name.replace("-", "_")

    def _run(self, plan: Plan, servers: Servers, url: str | None) -> Result:
        directory = self.arena.subdirectory(self.name)
        readings, peak = self._measure(plan, servers, directory, url)
        found: dict[str, Any] = json.loads((directory / "outcome.json").read_text())
        outcome = Outcome(
            {name: profile["score"] for name, profile in found.items()},
            frozenset(name for name, profile in found.items() if profile["flipped"]),
        )
        asyncio.run(check_leads(self.bootstrap, self._leads, outcome.leads))
        if url:
            check_scores(outcome.scores, scores(url), between=f"the stores and the table of {self.name}")
        return Result(plan.measure(readings), peak, outcome)

    def _measure(
        self, plan: Plan, servers: Servers, directory: Path, url: str | None
    ) -> tuple[list[Reading], float]:
        log = directory / "stderr.log"
        with (
            log.open("wb") as errors,
            started_process(
                [find_java(), *_JVM, "-cp", self.class_path, "flipline.peer.Main"],
                cores=self.arena.cores.server,
                environment=self._environment(directory, url),
                stdout=errors,
                stderr=errors,
            ) as process,
        ):

            def check() -> None:
                if process.poll() is not None:
                    raise Wrong(f"{self.name} ended with {process.returncode}:\n{tail(log)}")

            looking = committed(self.bootstrap, self.name)
            readings = read_at(plan.marks, looking, lambda: servers.spent_beside(process.pid), check)
            peak = peak_mebibytes(process.pid)
            # It ends at the end of its input, after it has written its outcome.
            assert process.stdin
            process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired as error:
                raise Wrong(f"{self.name} has not ended after {_STOP_SECONDS} s:\n{tail(log)}") from error
            if process.returncode:
                check()
        return readings, peak

    def _environment(self, directory: Path, url: str | None) -> Mapping[str, str]:
        matrix_file = directory / "matrix.json"
        matrix_file.write_text(json.dumps(matrix(flip_number=FLIP_NUMBER)))
        settings = {
            "PEER_BOOTSTRAP": self.bootstrap,
            "PEER_APPLICATION": self.name,
            "PEER_LEADS": self._leads,
            "PEER_MATRIX": str(matrix_file),
            "PEER_STATE": str(directory / "state"),
            "PEER_OUTCOME": str(directory / "outcome.json"),
        }
        if url:
            settings["PEER_DATABASE"] = jdbc(url)
        # Java cannot open a path that has letters the locale lacks, and the C locale has few.
        return os.environ | settings | {"LC_ALL": "C.UTF-8"}
