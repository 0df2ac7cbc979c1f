"""What `flipline up` prints: what is missing, and once it is ready the addresses, keys and a first call."""

import json
import shlex
import sys
from collections.abc import Mapping
from typing import Final

from rich.console import Console

from shared.process.keys import KEY_FILE, ROLES, Keys
from shared.process.settings import Settings

_EVENT: Final = {
    "type": "visit",
    "identities": {"email": "ana@example.com"},
    "properties": {"path": "/pricing"},
}
_READ_KEY: Final = "import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]][0])"


class Welcome:
    """Notices on standard output; keys are printed only when `keys` are given: the keys just made."""

    def __init__(self, settings: Settings, url: str, keys: Keys | None) -> None:
        self._settings = settings
        self._url = url
        self._fresh = keys
        self._file = settings.data_dir.resolve() / KEY_FILE
        self._greeted = False
        self._console = Console(highlight=False, soft_wrap=True)

    def not_ready(self, missing: Mapping[str, str]) -> None:
        """Print what is missing, a line each."""
        self._console.print(f"\nFlipline answers on {self._url} but is not ready:", markup=False)
        for name, reason in missing.items():
            self._console.print(f"  {name}: {reason}", markup=False)

    def ready(self) -> None:
        """Print the greeting the first time, and later a line when nothing is missing any more."""
        if self._greeted:
            self._console.print(f"\nFlipline is ready again on {self._url}", markup=False)
            return
        self._greeted = True
        self._greet()

    def _greet(self) -> None:
        url, print_ = self._url, self._console.print
        print_(f"\n[bold]Flipline is up[/] on {url}   (docs: {url}/docs, ready: {url}/readyz)")
        print_(f"log: {self._settings.log}   data: {self._settings.data_dir.resolve()}\n", markup=False)
        for role in ROLES:
            print_(f"  {role:<6} key  {self._shown(role)}", markup=False)
        if self._fresh:
            print_(f"\nThese keys are shown only once. They are stored in {self._file}.", markup=False)
        print_("\nPost a first event, and look up its profile:\n")
        print_(
            f"  curl -s {url}/v1/events -H {self._bearer('write')} -d '{json.dumps(_EVENT)}'\n"
            f"  curl -s '{url}/v1/profiles?kind=email&value=ana@example.com' -H {self._bearer('ops')}\n",
            markup=False,
        )

    def _shown(self, role: str) -> str:
        if self._settings.configured_keys[role] is not None:
            return f"as in FLIPLINE_{role.upper()}_KEYS"
        return getattr(self._fresh, role)[0] if self._fresh else f"as in {self._file}"

    def _bearer(self, role: str) -> str:
        """Return the header as shell code that reads the key when it runs, so no history stores the key."""
        if self._settings.configured_keys[role] is not None:
            key = f"${{FLIPLINE_{role.upper()}_KEYS%%,*}}"
        else:
            key = f"$({shlex.join([sys.executable, '-c', _READ_KEY, str(self._file), role])})"
        return f'"Authorization: Bearer {key}"'
