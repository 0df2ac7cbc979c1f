"""The instance's HTTP API as ops call it: their key, and what to do about refusals."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from services.calling import Api
from shared.process.keys import Configured, load_role

_ADVICE: Final[Mapping[str, str]] = {
    "activation_lost": "Run this command again.",
    "activation_under_way": "To activate this matrix, run this command again then; the draft is unchanged.",
    "draft_unknown": "Give a draft with --matrix, or name an older version with --version.",
    "key_invalid": "If the key belongs to another instance, name this instance's data directory with "
    "--data-dir, or set FLIPLINE_OPS_KEYS.",
    "matrix_invalid": "The draft is unchanged.",
    "model_unknown": "Give its first matrix with --matrix.",
    "path_unknown": "Check --url: it is an address without a path, such as http://127.0.0.1:8000.",
    "version_unknown": "GET /v1/models/<model>/versions lists the versions.",
}


def ops_api(url: str, key: str, advice: Mapping[str, str] | None = None) -> Api:
    """Return the API with the advice of `activate`, or with other advice for some codes."""
    return Api(url, key, {**_ADVICE, **(advice or {})})


def ops_key(data_dir: Path, configured: Configured) -> str:
    """Return the configured key of ops, or the key in the data dir; raises Misconfigured without a key."""
    # Ops on another machine have only their own key, and need no other.
    return load_role(data_dir, configured, "ops")[0]
