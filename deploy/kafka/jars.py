"""Java and the Kafka jars: found, or resolved once with Maven into a cache that all checkouts share."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from deploy.command import Failure, MissingPrerequisite, say, tail
from deploy.localserver import exclusive
from deploy.maven import copy_jars, run_maven, verify_jars

_POM = Path(__file__).with_name("pom.xml")
_LOCK = Path(__file__).with_name("jars.sha256")
_OLDEST_JAVA = 17


def find_java() -> str:
    """Return the path of a Java that can run Kafka: JAVA_HOME's, else the one on the PATH."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    advice = f"install Java {_OLDEST_JAVA} or later (Debian: apt-get install openjdk-17-jre-headless maven)"
    if java is None:
        raise MissingPrerequisite(f"there is no java in {home or 'the PATH'}; {advice}")
    output = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', output)
    if version is None or int(version[1]) < _OLDEST_JAVA:
        raise MissingPrerequisite(f"{java} is too old or does not run; {advice}. It says:\n{tail(output)}")
    return java


def kafka_version() -> str:
    """Return the version of Kafka that the pom names."""
    version = re.search(r"<kafka\.version>(.+)</kafka\.version>", _POM.read_text())
    if version is None:
        raise Failure(f"{_POM} does not name a kafka.version")
    return version[1]


def resolve_jars() -> Path:
    """Return the directory that holds exactly the locked jars, resolving them first if need be."""
    lock = _LOCK.read_text()
    cache = _cache_home() / "flipline" / f"kafka-{kafka_version()}"
    # Named by what it holds, a cached set is never changed, not even under a broker that runs from it.
    jars = cache / hashlib.sha256(lock.encode()).hexdigest()[:12]
    if jars.is_dir():
        return jars
    cache.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / "lock"):
        if not jars.is_dir():
            for leftover in cache.glob("partial-*"):
                shutil.rmtree(leftover, ignore_errors=True)
            # Each run has its own, for the Maven of one that was killed may still be writing.
            partial = Path(tempfile.mkdtemp(prefix="partial-", dir=cache))
            say(f"resolving Kafka {kafka_version()} ...")
            run_maven(_POM, *copy_jars(partial), subject="Kafka")
            verify_jars(partial, _LOCK)
            partial.rename(jars)
    return jars


def _cache_home() -> Path:
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return configured if configured.is_absolute() else Path.home() / ".cache"
