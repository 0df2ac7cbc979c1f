"""URLs of endpoints, in the one form that is checked, stored and connected to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.handoff.webhooks.target import MAX_URL_LENGTH, parse_target
from shared.errors import Refused


@pytest.mark.parametrize(
    ("text", "url", "host", "port"),
    [
        ("https://crm.example/hook?a=b", "https://crm.example/hook?a=b", "crm.example", 443),
        ("HTTPS://CRM.Example", "https://crm.example/", "crm.example", 443),
        ("https://crm.example:8443/", "https://crm.example:8443/", "crm.example", 8443),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC", "xn--bcher-kva.example", 443),
        ("http://2130706433/", "http://127.0.0.1/", "127.0.0.1", 80),
        ("http://0x7f.1/", "http://127.0.0.1/", "127.0.0.1", 80),
        ("http://0177.0.0.1/", "http://127.0.0.1/", "127.0.0.1", 80),
        ("http://[::ffff:127.0.0.1]:9/", "http://[::ffff:7f00:1]:9/", "::ffff:7f00:1", 9),
        ("https:\\\\crm.example\\hook", "https://crm.example/hook", "crm.example", 443),
    ],
)
def test_a_url_is_brought_to_normal_form(text: str, url: str, host: str, port: int) -> None:
    target = parse_target(text)
    assert (target.url, target.host, target.port) == (url, host, port)
    assert parse_target(target.url) == target


@pytest.mark.parametrize(
    "text",
    [
        "", "crm.example/hook", "ftp://crm.example/", "file:///etc/passwd", "unix:/run/x", "https://",
        "https://user@crm.example/", "https://user:word@crm.example/", "https://crm.example/#part",
        "https://crm.example:0/", "https://crm.example:99999/", "https://crm example/",
        "https://crm.example/\r\nhost: other", "https://crm\t.example/", "https://crm.example/\0",
        "https://crm.example/" + "a" * MAX_URL_LENGTH,
    ],
)  # fmt: skip
def test_an_invalid_url_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_target(text)
    assert (caught.value.code, caught.value.field) == ("webhook_url_invalid", "url")


@given(st.text(max_size=60).map("https://".__add__))
def test_an_accepted_url_is_printable_ascii_and_parses_to_the_same_target(text: str) -> None:
    try:
        target = parse_target(text)
    except Refused:
        return
    assert target.url.isascii()
    assert target.url.isprintable()
    assert parse_target(target.url) == target
