"""The server of a local cluster, which PostgreSQL's own pg_ctl starts, watches and stops."""

import os
import shlex
import subprocess
from dataclasses import dataclass

from deploy.command import say
from deploy.localserver import HOST, START_LIMIT, STOP_LIMIT, LocalServer
from deploy.postgres.creating import NAME, create, password_file
from deploy.postgres.programs import DATA, Programs

_LONGEST_SOCKET_PATH = 107
_SETTINGS = {
    "listen_addresses": HOST,
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Server(LocalServer):
    """The server of one cluster."""

    programs: Programs

    @property
    def url(self) -> str:
        """The setting FLIPLINE_DATABASE_URL for the cluster's database."""
        password = password_file(self.directory).read_text()
        return f"postgresql+asyncpg://{NAME}:{password}@{HOST}:{self.port}/{NAME}"

    def runs(self) -> bool:
        """Return whether the process of the server is there; a crashed one counts until it is reaped."""
        return self.programs.data.is_dir() and self._control("status").returncode == 0

    def is_ready(self) -> bool:
        """Return whether the server accepts clients on its port."""
        return self.programs.call("pg_isready", f"--host={HOST}", f"--port={self.port}").returncode == 0

    def launch(self, requested_port: int) -> None:
        """Start the server, which does not run, and return as soon as it is ready."""
        port = self.choose_port(requested_port)
        if not self.programs.data.is_dir():
            create(self.programs)
        say(f"starting {self.name} on {HOST}:{port} ...")
        self.begin_log()
        settings = _SETTINGS | {"port": str(port), "unix_socket_directories": self._socket_directory()}
        options = shlex.join(f"--{name}={value}" for name, value in settings.items())
        limit = f"--timeout={START_LIMIT:.0f}"
        started = self._control("start", "--wait", limit, f"--log={self.log.name}", f"--options={options}")
        if started.returncode:
            raise self.failure(f"does not start ({started.stdout.strip()})")

    def end(self) -> None:
        """Stop the server without waiting until its clients leave, and kill it if it does not stop."""
        limit = f"--timeout={STOP_LIMIT:.0f}"
        # A server that had crashed is gone by then, and pg_ctl says that it could not stop it.
        if self._control("stop", "--wait", limit, "--mode=fast").returncode and self.runs():
            say(f"it has not ended after {STOP_LIMIT:.0f} s, killing it ...")
            killed = self._control("stop", "--wait", limit, "--mode=immediate")
            if killed.returncode and self.runs():
                raise self.failure(f"does not end ({killed.stdout.strip()})")

    def _control(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.programs.call("pg_ctl", f"--pgdata={DATA}", "--silent", *arguments)

    def _socket_directory(self) -> str:
        """Return where to put the Unix socket; empty, for none, when its path would be too long for one."""
        path = os.fsencode(self.directory / ".s.PGSQL.65535")
        return str(self.directory) if len(path) <= _LONGEST_SOCKET_PATH and b"," not in path else ""
