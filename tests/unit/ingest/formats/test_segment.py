from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.ingest.formats.segment_wire import Context
from shared.events import Interaction
from tests.unit.ingest.formats.segment_calls import RECEIVED, SENDING, read


def test_a_call_of_the_segment_python_library_is_read() -> None:
    event = read(
        None,
        type="track",
        anonymousId=None,
        timestamp="2026-11-22T11:00:00.371+00:00",
        messageId="7a0c4f6e",
        event="Order Completed",
        integrations={},
        context={"library": {"name": "analytics-python", "version": "2.3.4"}},
        properties={"total": 12.5},
    )
    assert event == Interaction(
        id="7a0c4f6e",
        type="purchase",
        identities=event.identities,
        occurred_at=datetime(2026, 11, 22, 11, 0, 0, 371_000, tzinfo=UTC),
        received_at=RECEIVED,
        source="analytics-python",
        properties={"total": 12.5},
    )
    assert event.identities == (("user_id", "u1"),)


def test_a_call_of_the_segment_browser_library_is_read() -> None:
    page = {
        "path": "/pricing",
        "referrer": "",
        "search": "?a=1",
        "title": "Pricing",
        "url": "https://a.example/pricing?a=1",
    }
    event = read(
        "page",
        userId=None,
        anonymousId="cookie-1",
        name="Prices",
        properties=dict(page),
        context={
            "page": page,
            "userAgent": "Mozilla/5.0 (X11) Firefox/145.0",
            "campaign": {"name": "spring", "source": "news", "medium": "email"},
            "library": {"name": "analytics.js"},
        },
        writeKey="secret",
        _metadata={"bundled": [], "retryCount": 0},
    )
    assert (event.type, event.campaign, event.source) == ("visit", "spring", "analytics.js")
    assert event.identities == (("anonymous_id", "cookie-1"),)
    assert event.properties == page | {
        "name": "Prices",
        "campaign_source": "news",
        "campaign_medium": "email",
        "user_agent": "Mozilla/5.0 (X11) Firefox/145.0",
    }


def test_a_call_of_the_rudderstack_python_library_is_read() -> None:
    event = read(
        "identify",
        anonymousId="c1",
        channel="server",
        traits=None,
        context={"traits": {"email": "Ana@X.example", "title": "VP"}},
        originalTimestamp="2026-11-22T11:00:00.000001+00:00",
        timestamp="2026-11-22T11:30:00+00:00",
        sentAt="2026-11-22T12:00:00+00:00",
    )
    assert (event.type, event.source) == ("identify", "server")
    assert event.identities == (("user_id", "u1"), ("email", "ana@x.example"), ("anonymous_id", "c1"))
    assert event.traits == {"email": "Ana@X.example", "title": "VP"}
    assert event.occurred_at == datetime(2026, 11, 22, 11, 0, 0, 1, tzinfo=UTC)


def test_nulls_are_absent_everywhere() -> None:
    fields = ("messageId anonymousId previousId groupId name category channel timestamp originalTimestamp "
              "sentAt properties traits context")  # fmt: skip
    event = read("track", event="x", **dict.fromkeys(fields.split()))
    assert event == read("track", event="x")
    nulls = dict.fromkeys(["page", "campaign", "library", "traits", "userAgent"])
    assert read("track", event="x", context=nulls) == event


def test_an_identify_call_has_traits_and_no_properties() -> None:
    event = read("identify", traits={"title": "VP"}, properties={"a": 1}, context={"page": {"path": "/"}})
    assert (event.properties, event.traits) == ({}, {"title": "VP"})


@pytest.mark.parametrize("value", ["not an address", "", 7, None, ["a@b.example"]])
def test_an_invalid_email_trait_stays_a_trait_and_is_not_an_identity(value: Any) -> None:
    event = read("identify", traits={"email": value, "phone": value})
    assert event.identities == (("user_id", "u1"),)
    assert event.traits["email"] == value


def test_a_phone_trait_names_a_person() -> None:
    event = read("identify", traits={"phone": "+49 (170) 1234567"})
    assert event.identities[1] == ("phone", "+491701234567")


def test_group_traits_describe_the_company_and_are_not_identities() -> None:
    traits = {
        "name": "Runner Ltd",
        "employees": 40,
        "industry": "Sport",
        "plan": "pro",
        "email": "hi@runner.example",
    }
    event = read("group", groupId=7, traits=traits)
    assert (event.type, event.identities) == ("identify", (("user_id", "u1"),))
    assert event.traits == {
        "company_id": "7",
        "company": "Runner Ltd",
        "company_size": 40,
        "industry": "Sport",
        "company_plan": "pro",
        "company_email": "hi@runner.example",
    }


def test_the_path_of_a_page_comes_from_its_url() -> None:
    assert read("page", properties={"url": "https://a.example/b?c"}).properties["path"] == "/b"
    assert read("page", context={"page": {"url": "https://a.example"}}).properties["path"] == "/"
    assert "path" not in read("screen", name="Prices").properties


def test_properties_of_a_call_take_precedence_over_its_page() -> None:
    context = {"page": {"url": "https://a.example/shop", "title": "Shop"}}
    event = read(
        "track", event="Product Viewed", properties={"url": "https://a.example/shoe"}, context=context
    )
    assert event.properties == {"url": "https://a.example/shoe", "title": "Shop", "path": "/shoe"}


def test_sent_at_of_a_call_takes_precedence_over_that_of_the_batch() -> None:
    batch = SENDING._replace(sent_at=RECEIVED - timedelta(hours=2))
    at_ten = "2026-11-22T10:00:00Z"
    assert read("track", batch, event="x", timestamp=at_ten).occurred_at == RECEIVED
    own = read("track", batch, event="x", timestamp=at_ten, sentAt="2026-11-22T11:00:00Z")
    assert own.occurred_at == RECEIVED - timedelta(hours=1)


def test_the_batch_context_fills_gaps_in_the_context_of_a_call() -> None:
    batch = SENDING._replace(context=Context(campaign={"name": "spring"}, library={"name": "batch"}))
    event = read("track", batch, event="x", context={"library": {"name": "own"}})
    assert (event.campaign, event.source) == ("spring", "own")
    assert read("track", batch, event="x").source == "batch"


def test_a_machine_is_judged_by_the_user_agent_of_the_context_or_the_sender() -> None:
    bot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    assert read("track", event="x", context={"userAgent": bot}).machine == "crawler"
    assert read("track", SENDING._replace(user_agent=bot), event="x").machine == "crawler"
    assert read("track", event="x").machine is None
    assert read("track", event="Email Opened", context={"userAgent": "Mozilla/5.0"}).machine == "mail_proxy"
