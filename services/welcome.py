"""What `flipline up` says once it answers: the addresses, the keys, and a first command to paste."""

import json

from rich.console import Console

from shared.auth import Keys
from shared.settings import Settings

_EVENT = {
    "type": "visit",
    "identities": {"email": "ana@example.com"},
    "properties": {"path": "/pricing"},
}


def welcome(settings: Settings, keys: Keys, port: int) -> None:
    """Print the greeting to standard output; keys that the environment gave are not repeated."""
    url = f"http://{settings.host}:{port}"
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"\n[bold]Flipline is up[/] on {url}   (docs: {url}/docs, ready: {url}/readyz)")
    console.print(f"log: {settings.log}   data: {settings.data_dir.resolve()}\n")
    for role in ("write", "ops", "crm"):
        given = bool(settings.configured_keys[role])
        shown = "as in the environment" if given else getattr(keys, role)[0]
        console.print(f"  {role:<6} key  {shown}", markup=False)
    write = "$FLIPLINE_WRITE_KEY" if settings.write_keys else keys.write[0]
    ops = "$FLIPLINE_OPS_KEY" if settings.ops_keys else keys.ops[0]
    console.print("\nPost a first event, and see who it was:\n")
    console.print(
        f"  curl -s {url}/v1/events -H 'Authorization: Bearer {write}' -d '{json.dumps(_EVENT)}'\n"
        f"  curl -s '{url}/v1/profiles?kind=email&value=ana@example.com' -H 'Authorization: Bearer {ops}'\n",
        markup=False,
    )
