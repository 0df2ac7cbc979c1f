"""The webhook types, one entry each: every type listed here is offered and sent, and no other.

To add a type, write its event in `shared.events`, its notice, body and example, and add an entry here.
A type keeps one shape for ever.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel

from services.handoff.payload import examples
from services.handoff.payload.lead import lead_notice
from services.handoff.payload.notice import Notice
from services.handoff.payload.schemas import LeadQualifiedBody, StageChangedBody, WebhookTestBody
from services.handoff.payload.stage import stage_notice
from services.handoff.payload.test_message import WebhookTest, notice_of_test
from shared.events import LeadQualified, StageChanged

E = TypeVar("E")


@dataclass(frozen=True, kw_only=True)
class EventType(Generic[E]):
    """A webhook type: its event, the function that makes the notice, and the model of the body.

    A webhook that names no types gets all types except those with `only_when_named`.
    """

    name: str
    event: type[E]
    notice: Callable[[E], Notice]
    body: type[BaseModel]
    example: E
    only_when_named: bool = False


LEAD_QUALIFIED: Final = EventType(
    name="lead.qualified",
    event=LeadQualified,
    notice=lead_notice,
    body=LeadQualifiedBody,
    example=examples.LEAD,
)
STAGE_CHANGED: Final = EventType(
    name="profile.stage_changed",
    event=StageChanged,
    notice=stage_notice,
    body=StageChangedBody,
    example=examples.STAGE,
    # Changes of stage are frequent, and none asks anyone to act.
    only_when_named=True,
)
WEBHOOK_TEST: Final = EventType(
    name="webhook.test",
    event=WebhookTest,
    notice=notice_of_test,
    body=WebhookTestBody,
    example=examples.TEST,
)

OFFERED: Final[tuple[EventType[Any], ...]] = (LEAD_QUALIFIED, STAGE_CHANGED, WEBHOOK_TEST)
BY_EVENT: Final[Mapping[type[Any], EventType[Any]]] = {type_.event: type_ for type_ in OFFERED}
