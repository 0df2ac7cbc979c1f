"""A format that has nothing in common with ours: its body is a form, and its answer is a redirect."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from fastapi import FastAPI

from services.ingest.formats.documentation import description, limits
from services.ingest.formats.format import Answer, Format, TrackingPath
from services.ingest.http.receive import Receiver
from services.ingest.reading.accepted import NamedIdentities
from services.ingest.reading.fields import KeyFields
from services.ingest.reading.outcome import Outcome
from services.ingest.reading.sending import Sending
from services.ingest.reading.shaping import accepted
from shared.events import DEAD_LETTERS, INTERACTIONS, DeadLetter, Interaction, decode
from shared.identity import Forms
from shared.ids import new_id
from shared.log.embedded import EmbeddedLog
from shared.web.auth import KeyRing
from shared.web.direct import DirectRoute
from tests.support.clock import FrozenClock
from tests.support.keys import WRITE_KEY
from tests.support.log import messages_on

FORM = {"email": "ana@runner.example", "company": "Runner Ltd"}


class FormFields:
    """Fields of a form."""

    location = "the form"

    def __init__(self, *names: str) -> None:
        self.names: tuple[str, ...] = names

    def values(self, data: bytes) -> Sequence[Any]:
        form = dict(parse_qsl(data.decode(errors="replace")))
        return [form.get(name) for name in self.names]


def read(data: bytes, sending: Sending) -> list[Outcome]:
    form = dict(parse_qsl(data.decode(errors="replace")))
    names = NamedIdentities(sending.forms)
    names.add("email", form.pop("email", ""), "email")
    return [
        accepted(
            id=sending.new_id(), type="form_submit", names=names, identities_field="email",
            occurred_at=sending.received_at, received_at=sending.received_at, source="form", campaign=None,
            properties={}, traits={"company": form.get("company")}, user_agent=sending.user_agent,
        )
    ]  # fmt: skip


THANKS = Answer(b"", 303, None, {"location": "/thanks"})


def describe(keys: KeyFields) -> dict[str, Any]:
    form = "application/x-www-form-urlencoded"
    return description("A form", limits(keys), {"type": "object"}, FORM, {}, media_type=form)


SIGN_UPS = TrackingPath(
    path="/forms", read=read, answer=lambda _outcomes, _id_fields: THANKS, usual=THANKS, describe=describe
)
FORMS = Format(
    name="forms",
    paths=(SIGN_UPS,),
    key_fields=KeyFields(body=FormFields("form_key"), query=("k",)),
    id_fields=FormFields("eid"),
)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EmbeddedLog]:
    log = EmbeddedLog(tmp_path / "log.sqlite")
    yield log
    await log.close()


@pytest.fixture
async def api(log: EmbeddedLog) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    receiver = Receiver(log=log, clock=FrozenClock(), ring=KeyRing([WRITE_KEY]), forms=Forms(), new_id=new_id)
    app.router.routes.append(
        DirectRoute(SIGN_UPS.path, receiver.endpoint(FORMS, SIGN_UPS), methods=["POST"], response_model=None)
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://flipline") as api:
        yield api


async def test_a_format_has_its_own_key_fields_and_its_own_response(
    api: httpx.AsyncClient, log: EmbeddedLog
) -> None:
    for content, query in ((FORM | {"form_key": WRITE_KEY}, {}), (FORM, {"k": WRITE_KEY})):
        answer = await api.post("/forms", content=urlencode(content), params=query)
        assert (answer.status_code, answer.headers["location"], answer.content) == (303, "/thanks", b"")
        assert answer.headers["access-control-allow-origin"] == "*"
    events = [decode(message.value) for message in await messages_on(log, INTERACTIONS)]
    assert [event.type for event in events if isinstance(event, Interaction)] == ["form_submit"] * 2


async def test_the_missing_key_message_names_the_key_fields_of_the_format(api: httpx.AsyncClient) -> None:
    answer = await api.post("/forms", content=urlencode(FORM))
    assert answer.status_code == 401
    assert answer.json()["message"].endswith(
        "as HTTP Basic user, as bearer token, as `form_key` in the body, or as `k` in the query."
    )
    assert "`k` in the query, or `form_key` in the form" in describe(FORMS.key_fields)["description"]


async def test_the_dead_letter_of_a_refused_form_does_not_store_the_key(
    api: httpx.AsyncClient, log: EmbeddedLog
) -> None:
    content = urlencode({"form_key": WRITE_KEY, "company": "Runner Ltd"})
    assert (await api.post("/forms", content=content)).status_code == 400
    (letter,) = [decode(message.value) for message in await messages_on(log, DEAD_LETTERS)]
    assert isinstance(letter, DeadLetter)
    assert letter.payload == "form_key=-&company=Runner+Ltd"
