"""Lines of the common family: the visitor of a line, and its format."""

import pytest

from services.ingest.imports.access_log.refusal import RefusalReason
from services.ingest.imports.access_log.request import Request
from tests.unit.ingest.imports.access_log.log_lines import AT, FIREFOX, combined, common, read, refused


def test_a_combined_line_sets_every_field_of_the_request() -> None:
    assert read(combined(referrer="http://a.example/")) == Request(
        format="combined",
        visitor="83.149.9.216",
        forwarded=False,
        host="",
        at=AT,
        method="GET",
        target="/pricing",
        status=200,
        user_agent=FIREFOX,
        referrer="http://a.example/",
    )


SITE = "shop.example:443 192.0.2.1 - -"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (common(), "common"),
        (combined(), "combined"),
        (combined() + ' "-"', "combined with more fields"),
        (combined() + ' 512 0.005 [default-web-80] [] 10.0.0.3:8080 "a b"', "combined with more fields"),
        (common(head=SITE), "vhost_common"),
        (combined(head=SITE), "vhost_combined"),
        (combined(head=SITE) + ' "-"', "vhost_combined with more fields"),
    ],
)
def test_each_line_has_the_name_of_its_format(line: str, name: str) -> None:
    assert read(line).format == name


@pytest.mark.parametrize(
    ("head", "host", "visitor"),
    [
        (SITE, "shop.example", "192.0.2.1"),
        ("Shop.Example 192.0.2.1 - -", "shop.example", "192.0.2.1"),
        ("shop.example:443 2001:db8::1 - ana", "shop.example", "2001:db8::1"),
        ("localhost:8080 192.0.2.1 - -", "localhost", "192.0.2.1"),
        ("_ 192.0.2.1 - -", "", "192.0.2.1"),
        ("203.0.113.80:443 192.0.2.1 - -", "203.0.113.80", "192.0.2.1"),
        ("203.0.113.80 192.0.2.1 - -", "203.0.113.80", "192.0.2.1"),
        ("[2001:db8::80]:443 192.0.2.1 - -", "2001:db8::80", "192.0.2.1"),
        ("shop.example:443 203.0.113.7, 10.0.0.1 - -", "shop.example", "203.0.113.7"),
    ],
)
def test_a_virtual_host_before_the_address_is_the_host_not_the_visitor(
    head: str, host: str, visitor: str
) -> None:
    request = read(combined(head=head))
    assert (request.host, request.visitor) == (host, visitor)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("- - -", RefusalReason.NO_ADDRESS),
        ("unix: - -", RefusalReason.NO_ADDRESS),
        ("unknown, - - -", RefusalReason.NO_ADDRESS),
        ("0.0.0.0 - -", RefusalReason.NOT_AN_ADDRESS),
        ("999.1.1.1 - -", RefusalReason.NOT_AN_ADDRESS),
        ("1.2.3 - -", RefusalReason.NOT_AN_ADDRESS),
        ("203.0.113.7, shop.example - -", RefusalReason.NOT_AN_ADDRESS),
        ("shop.example:443 - - -", RefusalReason.NOT_AN_ADDRESS),
        ("shop.example - -", RefusalReason.HOST_NAME),
        ("shop.example:443 client.example.net - -", RefusalReason.HOST_NAME),
        ("<script> 192.0.2.1 - -", RefusalReason.NO_FORMAT),
    ],
)
def test_a_line_without_a_client_address_is_refused(head: str, reason: RefusalReason) -> None:
    assert refused(combined(head=head)) is reason


def test_host_names_are_visitors_if_the_option_is_set() -> None:
    assert read(combined(head="Dial-1.isp.example - -"), host_names=True).visitor == "dial-1.isp.example"
    both = read(combined(head="shop.example:443 dial-1.isp.example - -"), host_names=True)
    assert (both.host, both.visitor) == ("shop.example", "dial-1.isp.example")
    assert refused(combined(head="shop.example:443 - - -"), host_names=True) is RefusalReason.NOT_AN_ADDRESS
    assert refused(combined(head="- - -"), host_names=True) is RefusalReason.NO_ADDRESS


@pytest.mark.parametrize(
    ("head", "visitor"),
    [
        ("2001:DB8:0::1 - -", "2001:db8::1"),
        ("[2001:db8::1]:443 - -", "2001:db8::1"),
        ("[2001:db8::1] - -", "2001:db8::1"),
        ("fe80::1%eth0 - -", "fe80::1"),
        ("::ffff:192.0.2.1 - -", "192.0.2.1"),
        ("192.0.2.1:51234 - -", "192.0.2.1"),
        ("192.0.2.1 - John Smith", "192.0.2.1"),
        ("192.0.2.1 -", "192.0.2.1"),
    ],
)
def test_addresses_are_brought_to_normal_form(head: str, visitor: str) -> None:
    assert read(combined(head=head)).visitor == visitor


@pytest.mark.parametrize(
    ("head", "visitor"),
    [
        ("203.0.113.7, 10.0.0.1 - -", "203.0.113.7"),
        ("203.0.113.7,10.0.0.1 - -", "203.0.113.7"),
        ("10.1.1.1, 203.0.113.7, 198.51.100.1 - -", "203.0.113.7"),
        ("unknown, 203.0.113.7 - -", "203.0.113.7"),
        ("10.1.1.1, 10.0.0.1 - -", "10.1.1.1"),
        ("203.0.113.7 10.0.0.1 - -", "203.0.113.7"),
        ("- 203.0.113.7 - -", "203.0.113.7"),
    ],
)
def test_the_first_public_forwarded_address_is_the_visitor(head: str, visitor: str) -> None:
    assert read(combined(head=head)).visitor == visitor


@pytest.mark.parametrize(
    ("field", "visitor", "forwarded"),
    [
        ("-", "83.149.9.216", False),
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7, 10.0.0.1", "203.0.113.7", True),
        ("10.0.0.9", "83.149.9.216", True),
        ("2.31", "83.149.9.216", False),
        ("session=203.0.113.7", "83.149.9.216", False),
        ("203.0.113.7, x", "83.149.9.216", False),
    ],
)
def test_a_trailing_forwarded_for_field_sets_the_visitor(field: str, visitor: str, forwarded: bool) -> None:
    request = read(f'{combined()} "{field}"')
    assert (request.visitor, request.forwarded) == (visitor, forwarded)


def test_a_line_without_an_address_takes_the_visitor_from_the_forwarded_field() -> None:
    assert read(combined(head="unix: - -") + ' "203.0.113.7"').visitor == "203.0.113.7"


def test_the_user_agent_is_none_only_in_formats_without_the_field() -> None:
    assert read(common()).user_agent is None
    assert not read(combined(user_agent="-")).user_agent
    assert read(combined(user_agent="-")).user_agent is not None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a \"b\" c", 'a "b" c'),
        (r"a \x22b\x22 \\ c\x5C", 'a "b" \\ c\\'),
        (r"caf\xC3\xA9", "café"),
        (r"caf\xe9", "café"),
        (r"a\x00b", "a\N{REPLACEMENT CHARACTER}b"),
    ],
)
def test_escape_sequences_of_servers_are_decoded(written: str, meant: str) -> None:
    request = read(combined(f"GET /{written} HTTP/1.1", user_agent=written))
    assert (request.user_agent, request.target) == (meant, f"/{meant}")


def test_bytes_that_are_not_utf_8_are_read_as_latin_1() -> None:
    assert read(combined("GET /café HTTP/1.1").encode("latin-1")).target == "/café"
    assert read(combined("GET /café HTTP/1.1")).target == "/café"


def test_a_request_target_may_contain_blanks() -> None:
    assert read(combined("GET /a b HTTP/1.1")).target == "/a b"
    assert read(combined("GET /a")).target == "/a"


def test_leading_nul_bytes_and_byte_order_marks_are_skipped() -> None:
    assert read(b"\0" * 500 + combined().encode()).visitor == "83.149.9.216"
    assert read(b"\xef\xbb\xbf" + combined().encode()).visitor == "83.149.9.216"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("hello", RefusalReason.NO_FORMAT),
        (combined()[:-1], RefusalReason.NO_FORMAT),
        (common() + " 12", RefusalReason.NO_FORMAT),
        (combined(head="83.149.9.216"), RefusalReason.NO_FORMAT),
        ("#Fields: date time c-ip cs-method", RefusalReason.COMMENT),
        ("[", RefusalReason.JSON),
        (combined(user_agent="x" * 20_000), RefusalReason.TOO_LONG),
        ("x" * 70_000, RefusalReason.TOO_LONG),
        (combined("GET /\0 HTTP/1.1"), RefusalReason.NOT_TEXT),
        (combined(at="17/Mai/2015:10:05:03 +0000"), RefusalReason.MONTH),
        (combined(at="31/Feb/2015:10:05:03 +0000"), RefusalReason.DAY),
    ],
)
def test_an_unreadable_line_is_refused_with_a_reason(line: str, reason: RefusalReason) -> None:
    assert refused(line) is reason


def test_hostile_lines_are_refused_quickly() -> None:
    for text in (
        'a - - ["' * 2_000,
        "a - - [" * 2_000,
        "a - - " + "b " * 8_000,
        'a - - [17/May/2015:10:05:03 +0000] "' + '\\"' * 7_000,
        combined() + ' "" a' * 3_000 + ' "',
        combined() + " " * 15_000 + '"',
    ):
        assert refused(text) is RefusalReason.NO_FORMAT
