"""What the command reports before it calls an instance, and when another server answers in its stead."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from services.ops.activate import activate
from services.ops.activation_request import ActivationRequest
from shared.errors import Misconfigured, Refused, TooLarge, Unavailable
from shared.web.middleware import MAX_REQUEST_BYTES
from tests.support.keys import OPS_KEY
from tests.support.patience import PATIENCE_SECONDS

NOWHERE = "http://127.0.0.1:1"
DIFF = {"newly_flipped": 0, "un_flipped": 0, "already_handed_over": 0, "kept_back": 0, "biggest_movers": []}
ANSWERS: dict[str, Any] = {
    "/v1/models": {"items": [{"model": "m", "active_version": 1, "has_draft": True}]},
    "/v1/models/m/draft": {"warnings": []},
    "/v1/models/m/difference": {"changes": []},
    "/v1/models/m/draft/preview": DIFF | {"profiles": 0},
    "/v1/models/m/activate": {"version": 2, "flip_diff": DIFF | {"handed_over_now": 0}},
}


@contextmanager
def answering(answer: Callable[[str], bytes]) -> Iterator[str]:
    """Give the URL of a server that answers a path with these bytes, or hangs up if it has none."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if body := answer(self.path):
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - so the standard library finds it

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def run(url: str, **options: Any) -> str:
    console = Console(file=(out := io.StringIO()), width=160)
    activate(ActivationRequest("m", yes=True, **options), url=url, key=OPS_KEY, console=console)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"flip_number: 25", r"is not valid JSON: Expecting value \(line 1, column 1\)"),
        (b'{\n "flip_number": 25,\n}', r"line 2, column 20|line 3, column 1"),
        (b"\xff\xfe\xff", "cannot be read as JSON"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b"[1]", "a matrix is a JSON object"),
        (b" " * (MAX_REQUEST_BYTES + 1), "more than 2,000,000 bytes"),
    ],
)
def test_a_file_that_is_not_a_matrix_is_refused_before_any_request(
    tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "matrix"
    file.write_bytes(content)
    with pytest.raises(Refused, match=message) as refused:
        run(NOWHERE, matrix=file)
    assert isinstance(refused.value, TooLarge) == (len(content) > MAX_REQUEST_BYTES)


def test_a_matrix_and_an_older_version_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="--matrix or --version"):
        run(NOWHERE, matrix=tmp_path / "matrix", version=1)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://127.0.0.1:many"])
def test_an_invalid_instance_url_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="is not the URL of an instance"):
        run(url)


@pytest.mark.parametrize("page", [b"<html>Welcome</html>", b"[]"])
def test_an_answer_that_is_not_from_flipline_is_reported(page: bytes) -> None:
    with answering(lambda _: page) as url, pytest.raises(Misconfigured, match="is not a Flipline"):
        run(url)


def test_the_progress_of_an_activation_is_shown_until_it_ends() -> None:
    far = iter([("counting", 0, 100), ("counting", 50, 100), ("pricing", 40, 40)])
    over = threading.Event()

    def answer(path: str) -> bytes:
        if path == "/v1/models/m/activate":
            assert over.wait(PATIENCE_SECONDS)
        if path == "/v1/models/m/activation":
            phase, done, total = next(far)
            if phase == "pricing":
                over.set()
            return json.dumps({"phase": phase, "done": done, "total": total}).encode()
        return json.dumps(ANSWERS[path]).encode()

    with answering(answer) as url:
        output = run(url)
    assert "counting (identities): 50 of 100\npricing (profiles): 40 of 40\n" in output
    assert "m: version 2 scores now" in output


def test_a_lost_answer_names_the_endpoint_that_shows_the_activation() -> None:
    def answer(path: str) -> bytes:
        return b"" if path == "/v1/models/m/activate" else json.dumps(ANSWERS[path]).encode()

    with answering(answer) as url, pytest.raises(Unavailable, match="GET /v1/models/m/activation shows"):
        run(url)
