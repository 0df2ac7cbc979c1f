"""The Kafka Streams application, compiled by Maven for one run."""

from pathlib import Path

from deploy.kafka.jars import find_java
from deploy.maven import copy_jars, run_maven, verify_jars

_HERE = Path(__file__).parent
_POM = _HERE / "pom.xml"
_LOCK = _HERE / "jars.sha256"


def build(directory: Path) -> str:
    """Compile the application into the directory and return its class path.

    Raises Failure when Maven cannot, or when a jar is not the one that the lock names.
    """
    find_java()
    jars = directory / "lib"
    run_maven(
        _POM, f"-Dtarget={directory}", "compile", *copy_jars(jars), subject="the Kafka Streams application"
    )
    verify_jars(jars, _LOCK)
    return f"{directory / 'classes'}:{jars}/*"
