"""Maven, and a lock of hashes for the jars that it copies."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from deploy.command import Failure, MissingPrerequisite, tail

_LIMIT = 600.0


def run_maven(pom: Path, *arguments: str, subject: str) -> None:
    """Run Maven on the pom; `subject` names in the error what Maven could not resolve."""
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingPrerequisite("there is no mvn in the PATH; install it (Debian: apt-get install maven)")
    command = [maven, "--batch-mode", "--quiet", "--strict-checksums", f"--file={pom}", *arguments]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=False)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"Maven is not done after {_LIMIT:.0f} s; is the network slow?") from error
    if result.returncode:
        output = tail(result.stdout + result.stderr)
        raise Failure(f"Maven cannot resolve {subject}; is its repository reachable? It says:\n{output}")


def copy_jars(target: Path) -> tuple[str, ...]:
    """Return the arguments that let Maven copy all jars that are needed at run time into a directory."""
    return "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={target}"


def verify_jars(directory: Path, lock: Path) -> None:
    """Raise Failure unless the directory holds exactly the jars that the lock names, byte for byte."""
    locked = {name: digest for digest, name in (line.split() for line in lock.read_text().splitlines())}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in directory.iterdir()}
    if found != locked:
        names = sorted({name for name, _ in locked.items() ^ found.items()})
        pom = lock.with_name("pom.xml")
        raise Failure(f"these jars are not the ones {lock.name} names, see {pom}: {', '.join(names)}")
