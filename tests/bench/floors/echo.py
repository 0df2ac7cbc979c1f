"""The floor of row 1: an ASGI application that returns the body of a request, under our uvicorn settings."""

import asyncio
import sys

import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.loops.auto import auto_loop_factory

from deploy.localserver import HOST


async def echo(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answer 200 with the body that came."""
    assert scope["type"] == "http"
    await answer(await body_of(receive), send)


async def body_of(receive: ASGIReceiveCallable) -> bytes:
    """Return the whole body of a request."""
    body = b""
    more = True
    while more:
        message = await receive()
        assert message["type"] == "http.request"
        body += message["body"]
        more = message["more_body"]
    return body


async def answer(body: bytes, send: ASGISendCallable) -> None:
    """Answer 200 with a body."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def main() -> None:
    """Serve on the port that is the first argument."""
    # The same as in services/hosting/process.py.
    config = uvicorn.Config(
        echo,
        host=HOST,
        port=int(sys.argv[1]),
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="off",
    )
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
