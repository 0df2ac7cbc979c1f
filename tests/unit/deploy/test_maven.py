"""Jars are held to a lock, and both poms name the same Kafka and no place to get it from."""

import hashlib
import re
from pathlib import Path

import pytest

from deploy.command import Failure
from deploy.kafka.jars import kafka_version
from deploy.maven import verify_jars

ROOT = Path(__file__).parents[3]
POMS = (ROOT / "deploy/kafka/pom.xml", ROOT / "tests/bench/peers/pom.xml")
JARS = {"one-1.jar": b"one", "two-2.jar": b"two"}


@pytest.fixture
def jars(tmp_path: Path) -> Path:
    directory = tmp_path / "lib"
    directory.mkdir()
    for name, content in JARS.items():
        (directory / name).write_bytes(content)
    return directory


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in JARS.items()]
    (file := tmp_path / "jars.sha256").write_text("".join(lines))
    return file


def test_the_locked_jars_pass(jars: Path, lock: Path) -> None:
    verify_jars(jars, lock)


def test_a_jar_with_other_bytes_is_named(jars: Path, lock: Path) -> None:
    (jars / "two-2.jar").write_bytes(b"twO")
    with pytest.raises(Failure, match=r"pom.xml: two-2.jar$"):
        verify_jars(jars, lock)


def test_a_missing_and_an_extra_jar_are_reported(jars: Path, lock: Path) -> None:
    (jars / "one-1.jar").rename(jars / "one-2.jar")
    with pytest.raises(Failure, match=r"pom.xml: one-1.jar, one-2.jar$"):
        verify_jars(jars, lock)


@pytest.mark.parametrize("pom", POMS, ids=lambda pom: pom.parent.name)
def test_a_pom_names_the_broker_s_version_of_kafka(pom: Path) -> None:
    assert re.findall(r"<kafka.version>(.+)</kafka.version>", pom.read_text()) == [kafka_version()]


@pytest.mark.parametrize("pom", POMS, ids=lambda pom: pom.parent.name)
def test_poms_name_no_repository(pom: Path) -> None:
    text = pom.read_text()
    assert "epositor" not in text.replace("Maven repository", "")
    assert set(re.findall(r"\w+://[^\s\"]+", text)) == {"http://maven.apache.org/POM/4.0.0"}


@pytest.mark.parametrize("pom", POMS, ids=lambda pom: pom.parent.name)
def test_every_direct_jar_is_in_the_lock(pom: Path) -> None:
    locked = pom.with_name("jars.sha256").read_text()
    artifacts = re.findall(
        r"<dependency>\s*<groupId>.+</groupId>\s*<artifactId>(.+)</artifactId>", pom.read_text()
    )
    assert artifacts
    assert all(f"  {artifact}-" in locked for artifact in artifacts)
