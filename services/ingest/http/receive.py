"""A tracking request from its first byte to its answer, which says 200 only once the log has the events."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.ingest.formats.format import Answer, Format, Read, TrackingPath
from services.ingest.http.authenticate import authenticate
from services.ingest.http.body import read_body
from services.ingest.http.cors import ANY_ORIGIN, shared_with_any_origin
from services.ingest.reading.accepted import Accepted
from services.ingest.reading.envelope import envelope_of
from services.ingest.reading.outcome import Outcome, Refusal, dead_letter
from services.ingest.reading.recent import log_key
from services.ingest.reading.sending import Sending
from shared.errors import FliplineError, Refused, Unauthorized
from shared.events import DEAD_LETTERS, INTERACTIONS, encode
from shared.identity import Forms
from shared.ids import NewId
from shared.log.port import Log, Record
from shared.process.clock import Clock
from shared.process.telemetry import INGESTED
from shared.web.auth import KeyRing
from shared.web.problems import problem_of

_ACCEPTED = INGESTED.labels("accepted")
_REFUSED = INGESTED.labels("refused")


class Receiver:
    """Takes in what trackers send: authenticates, reads, appends, answers."""

    def __init__(self, *, log: Log, clock: Clock, ring: KeyRing, forms: Forms, new_id: NewId) -> None:
        self._log = log
        self._clock = clock
        self._ring = ring
        self._forms = forms
        self._new_id = new_id

    def endpoint(self, format: Format, path: TrackingPath) -> Callable[[Request], Any]:
        """Return the handler of the requests to a tracking path of a format."""
        reply, id_fields, usual = path.answer, format.id_fields, path.usual
        usual_response = _response(usual) if usual else None

        async def handle(request: Request) -> Response:
            try:
                answer = reply(await self._receive(request, format, path.read), id_fields)
            except FliplineError as error:
                # Answered here rather than by the application, since a browser hides an answer from its
                # page when the answer is not shared with the page's origin.
                return shared_with_any_origin(problem_of(error))
            if usual_response and answer is usual:
                return usual_response
            return _response(answer)

        return handle

    async def _receive(self, request: Request, format: Format, read: Read) -> Sequence[Outcome]:
        received_at = self._clock.now()
        body = await read_body(request)
        try:
            authenticate(request, body.data, self._ring, format.key_fields)
        except Unauthorized as error:
            # The key may be in the part that could not be read.
            raise body.fault or error from error
        sending = Sending(received_at, self._new_id, self._forms, _browser(request))
        try:
            if body.fault is not None:
                raise body.fault
            outcomes = read(body.data, sending)
        except Refused as error:
            await self._append([Refusal(error, body.data, envelope_of(sending))], request, format, sending)
            raise
        await self._append(outcomes, request, format, sending)
        return outcomes

    async def _append(
        self, outcomes: Sequence[Outcome], request: Request, format: Format, sending: Sending
    ) -> None:
        """Append the interactions, and the refusals as dead letters; raises Unavailable."""
        records: list[Record] = []
        refusals: list[Refusal] = []
        for outcome in outcomes:
            if isinstance(outcome, Accepted):
                event = outcome.event
                records.append(Record(INTERACTIONS, log_key(event.identities[0]), encode(event)))
            else:
                refusals.append(outcome)
        counts: dict[str, int | str] = {"accepted": len(records), "refused": len(refusals)}
        if refusals:
            counts["refused_code"] = refusals[0].error.code
        request.scope["flipline"] = counts
        for refusal in refusals:
            letter = dead_letter(
                refusal,
                id=self._new_id(),
                refused_at=sending.received_at,
                source=request.url.path,
                redaction=format.redaction,
            )
            records.append(Record(DEAD_LETTERS, letter.id, encode(letter)))
        await self._log.append(records)
        _ACCEPTED.inc(len(outcomes) - len(refusals))
        if refusals:
            _REFUSED.inc(len(refusals))


def _response(answer: Answer) -> Response:
    headers = {**ANY_ORIGIN, **answer.headers} if answer.headers else ANY_ORIGIN
    return Response(answer.body, answer.status, headers, answer.media_type)


def _browser(request: Request) -> str | None:
    """Return the user agent when a browser sent this itself; a browser always names its origin.

    A server's user agent is its SDK's and says nothing about the person.
    """
    headers = request.headers
    return headers.get("user-agent") if "origin" in headers else None
