"""A real Apache Kafka broker on this machine, without Docker: `python deploy/kafka/broker.py start`.

The last line on stdout is the setting to use it with. It needs Java 17 and, the first time, Maven.
"""

import base64
import os
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from string import Template

# Python looks for modules beside a script, and `deploy` is not there.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.command import Failure, Options, run, say, tail
from deploy.kafka.jars import find_java, kafka_version, resolve_jars
from deploy.kafka.probe import is_ready
from deploy.kafka.process import ServerProcess
from deploy.localserver import HOST, free_port

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
_PROPERTIES = "server.properties"
_LOGGING = "log4j2.properties"
_LOGGING_OPTION = f"-Dlog4j2.configurationFile={_LOGGING}"
# What a broker that is started often needs most is to start fast; measured, it is no slower afterwards.
_JVM_OPTIONS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")


@dataclass(frozen=True, slots=True)
class Broker(ServerProcess):
    """The broker of one directory."""

    def is_ready(self) -> bool:
        """Return whether the broker answers clients on its port."""
        return is_ready(self.port)

    def launch(self, requested_port: int) -> None:
        """Start the broker, which does not run, and return as soon as it is ready."""
        java, jars = find_java(), resolve_jars()
        port = self.choose_port(requested_port)
        _configure(self.directory, port)
        _format(self.directory, java, jars)
        options = [*_JVM_OPTIONS, _LOGGING_OPTION, "-Dkafka.logs.dir=.", self.signature]
        self.spawn([java, *options, "-cp", f"{jars}/*", "kafka.Kafka", _PROPERTIES])


def start(options: Options) -> None:
    """Start the broker if it does not run, and print the FLIPLINE_LOG to use."""
    # Java cannot open a path that has letters the locale lacks, and the C locale has few.
    os.environ["LC_ALL"] = "C.UTF-8"
    broker = _broker(options.directory)
    broker.start(options.port)
    _print_setting(broker)


def stop(options: Options) -> None:
    """Stop the broker; its data stays."""
    _broker(options.directory).stop()


def status(options: Options) -> None:
    """Print the FLIPLINE_LOG to use, or fail if the broker is not in service."""
    broker = _broker(options.directory)
    broker.check()
    _print_setting(broker)


def fetch(_options: Options) -> None:
    """Put the Kafka jars into the cache, so that a later start needs neither Maven nor the network."""
    find_java()
    say(f"Kafka {kafka_version()} is in {resolve_jars()}")


def _broker(directory: Path) -> Broker:
    return Broker("Kafka", directory, signature=f"-Dflipline.directory={directory}")


def _configure(directory: Path, port: int) -> None:
    properties = Template((_HERE / _PROPERTIES).read_text())
    controller_port = free_port(other_than=port)
    # Relative paths throughout: Java reads these files as Latin-1, and the directory may be called anything.
    (directory / _PROPERTIES).write_text(properties.substitute(port=port, controller_port=controller_port))
    shutil.copyfile(_HERE / _LOGGING, directory / _LOGGING)


def _format(directory: Path, java: str, jars: Path) -> None:
    # Formatting writes this file last, so a format that was interrupted is done again.
    if (directory / "data" / "meta.properties").exists():
        return
    say("formatting the storage ...")
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    # With the equals sign, for an id may begin with a dash.
    arguments = ["format", "--standalone", f"--cluster-id={cluster_id}", f"--config={_PROPERTIES}"]
    command = [java, _LOGGING_OPTION, "-cp", f"{jars}/*", "kafka.tools.StorageTool", *arguments]
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if result.returncode:
        raise Failure(f"Kafka cannot format {directory}:\n{tail(result.stdout + result.stderr)}")


def _print_setting(broker: Broker) -> None:
    print(f"FLIPLINE_LOG=kafka://{HOST}:{broker.port}")


def main() -> int:
    """Carry out the command line and return the exit code."""
    commands = {"start": start, "stop": stop, "status": status, "fetch": fetch}
    description = "Run an Apache Kafka broker on this machine."
    return run(description, commands, directory=_ROOT / ".local" / "kafka", port=9092)


if __name__ == "__main__":
    sys.exit(main())
