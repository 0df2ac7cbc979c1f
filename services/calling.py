"""Calls the HTTP API of an instance, with refusals explained in a sentence."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import httpx

from shared.errors import FliplineError, Misconfigured, NotFound, Refused, Unauthorized, Unavailable
from shared.process.transport import invalid_url, transport_words

TIMEOUT_SECONDS: Final = 30.0
_CONNECT_SECONDS: Final = 10.0
CONNECTION_LOST: Final = "connection_lost"
NO_CONTENT: Final = 204

_CLASSES: Final[Mapping[int, type[Refused]]] = {
    error_class.status: error_class for error_class in (NotFound, Unauthorized)
}


class ApiAnswer(NamedTuple):
    """The JSON of a success, and the tag of the state in it, if there is one."""

    body: dict[str, Any]
    etag: str | None = None


class Api:
    """The API of the instance at a URL; call `close` at the end."""

    def __init__(self, url: str, key: str, advice: Mapping[str, str] | None = None) -> None:
        """Prepare the connections; raises Misconfigured for an invalid URL.

        `advice` says what to do about refusals, by their code.
        """
        self._url = url
        self._advice = advice or {}
        headers = {"Authorization": f"Bearer {key}"}
        try:
            self._client = httpx.AsyncClient(base_url=url, headers=headers)
        except httpx.InvalidURL as error:
            raise invalid_url(url) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __call__(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        patient: bool = False,
    ) -> ApiAnswer:
        """Return the answer to a request; bytes are sent as they are, as JSON.

        The answer must come within TIMEOUT_SECONDS, except for a `patient` caller. Raises Refused with the
        instance's reason, Unavailable without an answer, Misconfigured when the server is not a Flipline.
        """
        answer = await self.ask(method, path, body, params=params, headers=headers, patient=patient)
        received: dict[str, Any] = {} if answer.status_code == NO_CONTENT else self._read(answer)
        if answer.is_success:
            return ApiAnswer(received, answer.headers.get("ETag"))
        raise _error(answer, received, self._advice)

    async def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        patient: bool = False,
    ) -> httpx.Response:
        """Return the answer to a request, whatever its status; raises Unavailable without an answer."""
        read = None if patient else TIMEOUT_SECONDS
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            return await self._client.request(
                method,
                path,
                content=content,
                headers={"Content-Type": "application/json", **(headers or {})},
                params=params,
                timeout=httpx.Timeout(TIMEOUT_SECONDS, connect=_CONNECT_SECONDS, read=read),
            )
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise invalid_url(self._url) from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unavailable(
                "not_running",
                f"There is no answer from {self._url}. Start Flipline with `flipline up`, or give its "
                "address with --url.",
            ) from error
        except httpx.TransportError as error:
            why = transport_words(error)
            raise Unavailable(CONNECTION_LOST, f"{method} {path} has no answer: {why}.") from error

    def _read(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            parsed = answer.json()
        except ValueError:
            parsed = None
        if isinstance(parsed, dict) and (answer.is_success or "code" in parsed):
            return parsed
        raise Misconfigured(
            "not_flipline",
            f"The server at {self._url} is not a Flipline: it answered {answer.status_code}. Check --url.",
        )


def _error(answer: httpx.Response, problem: Mapping[str, Any], advice_on: Mapping[str, str]) -> FliplineError:
    code, field = str(problem["code"]), problem.get("field")
    message = str(problem.get("message", answer.reason_phrase))
    if field and str(field) not in message:
        message = f"{field}: {message}"
    if advice := advice_on.get(code):
        message = f"{message.removesuffix('.')}. {advice}"
    if answer.is_server_error:
        return Unavailable(code, f"{answer.status_code}: {message} Try again later.")
    return _CLASSES.get(answer.status_code, Refused)(code, message, field, problem.get("errors"))
