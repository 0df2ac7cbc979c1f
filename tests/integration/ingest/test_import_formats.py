"""Logs of every format, none of them, and damaged ones, imported into a running service."""

import gzip
import json

import pytest

from services.ingest.imports.visitor import Anonymiser
from shared.errors import Refused
from tests.worlds.imports import FIREFOX, GOOGLEBOT, SMALL, ImportWorld, line

ANONYMISER = Anonymiser("salt")


async def visitors(importing: ImportWorld) -> list[str]:
    return [event.identities[0].value for event in await importing.world.interactions()]


def known_as(address: str, user_agent: str = FIREFOX) -> str:
    return ANONYMISER.visitor(address, user_agent)


async def test_a_leading_host_name_becomes_a_property_and_the_address_names_the_visitor(
    importing: ImportWorld,
) -> None:
    importing.file.write_text(
        "".join(f"shop.example:443 {line('/pricing', address=f'192.0.2.{number}')}" for number in (1, 2, 3))
    )
    await importing.run()
    assert await visitors(importing) == [known_as(f"192.0.2.{number}") for number in (1, 2, 3)]
    assert {event.properties["host"] for event in await importing.world.interactions()} == {"shop.example"}
    assert "lines in format: vhost_combined │ 3" in importing.printed()


async def test_a_forwarded_address_names_the_visitor_and_is_reported(importing: ImportWorld) -> None:
    first, second = line("/pricing", address="192.0.2.21"), line("/docs", address="192.0.2.22")
    importing.file.write_text(f'{first.strip()} "-"\n{second.strip()} "203.0.113.7"\n')
    await importing.run()
    assert await visitors(importing) == [known_as("192.0.2.21"), known_as("203.0.113.7")]
    printed = importing.printed()
    assert "lines in format: combined with more fields │ 2" in printed
    assert "visitor named by a proxy │ 1" in printed


async def test_formats_may_change_within_a_file(importing: ImportWorld) -> None:
    record = {
        "remote_addr": "10.1.2.3", "time_iso8601": "2015-05-17T10:00:09Z", "request": "GET /docs HTTP/2.0",
        "status": 200, "http_user_agent": FIREFOX,
    }  # fmt: skip
    importing.file.write_text(line("/pricing") + json.dumps(record) + "\n")
    outcome = await importing.run()
    assert outcome.now.formats == {"combined": 1, "JSON lines": 1}
    assert await visitors(importing) == [known_as("10.1.2.3")] * 2


async def test_a_format_without_user_agents_marks_no_visit_as_machine(importing: ImportWorld) -> None:
    importing.file.write_text("".join(line("/").partition(' "-"')[0] + "\n" for _ in range(2)))
    outcome = await importing.run()
    assert (outcome.now.visits, outcome.now.machines, outcome.now.formats) == (2, 0, {"common": 2})
    events = await importing.world.interactions()
    assert [event.machine for event in events] == [None, None]
    assert all("user_agent" not in event.properties for event in events)
    assert "machines are not recognised" in importing.printed()


async def test_a_crawler_after_a_leading_host_name_is_still_a_machine(importing: ImportWorld) -> None:
    importing.file.write_text(f"shop.example:443 {line('/', user_agent=GOOGLEBOT)}")
    assert (await importing.run()).now.machines == 1


async def test_refused_lines_are_reported_with_a_reason_and_line_numbers(importing: ImportWorld) -> None:
    good = line("/pricing")
    importing.file.write_text(
        good * 10
        + good.replace("May", "Mai")
        + good.replace("17/May", "31/Feb")
        + good.replace("10:00:00", "25:00:00")
        + good.replace("+0000", "+9900")
        + good.replace("2015", "2150")
        + good.replace("10.1.2.3", "shop.example")
        + good.replace("10.1.2.3", "999.1.2.3")
        + "\n"
        + good.replace("17/May", "30/Jun").replace("10:00:00", "23:59:60")
    )
    outcome = await importing.run()
    assert outcome.now.refused_lines == {
        "the month is none of Jan to Dec": [11],
        "the month has no such day": [12],
        "the day has no such hour, minute or second": [13],
        "the time zone is too far from UTC": [14],
        "the time is in the future": [15],
        "a host name instead of the visitor's address; --host-names accepts host names": [16],
        "the visitor's address is not an address": [17],
    }
    assert (outcome.now.visits, outcome.now.ignored) == (11, {"empty line": 1})
    assert not outcome.now.mostly_refused


async def test_host_names_are_visitors_only_with_the_host_names_option(importing: ImportWorld) -> None:
    importing.file.write_text(line("/pricing", address="dial.isp.example"))
    with pytest.raises(Refused, match=r"Refused is line 1: a host name .* --host-names"):
        await importing.run()
    await importing.run(host_names=True)
    assert await visitors(importing) == [known_as("dial.isp.example")]


@pytest.mark.parametrize(
    "content",
    ["nonsense\n" * 3, "nonsense", "a,b\n1,2\n", '{\n  "a": 1\n}\n', "#Version: 1.0\n#Fields: date\n"],
)
async def test_a_file_that_is_not_an_access_log_is_refused_and_stores_no_state(
    importing: ImportWorld, content: str
) -> None:
    importing.file.write_text(content)
    for _ in range(2):
        with pytest.raises(
            Refused, match=r"access\.log cannot be read as an access log.* Refused is line 1: "
        ):
            await importing.run()
    assert not importing.state.exists()


async def test_a_file_is_refused_when_none_of_the_first_1000_lines_is_readable(
    importing: ImportWorld,
) -> None:
    importing.file.write_text("nonsense\n" * 2_000 + SMALL)
    with pytest.raises(Refused, match="none of its first 1,000 lines"):
        await importing.run()


async def test_a_file_with_900_broken_lines_in_front_is_still_imported(importing: ImportWorld) -> None:
    importing.file.write_text("nonsense\n" * 900 + SMALL)
    outcome = await importing.run()
    assert (outcome.now.visits, outcome.now.mostly_refused) == (4, True)


async def test_the_intact_beginning_of_a_damaged_gzip_file_is_imported(importing: ImportWorld) -> None:
    packed = gzip.compress("".join(line(f"/{number * 7_919}") for number in range(3_000)).encode())
    middle = len(packed) // 2
    path = importing.file.with_suffix(".log.gz")
    path.write_bytes(gzip.compress(SMALL.encode()) + packed[:middle] + b"\xff" * 40 + packed[middle + 40 :])
    with pytest.raises(
        Refused, match=r"access\.log\.gz cannot be read to its end: its packed data is damaged"
    ) as refusal:
        await importing.run(path)
    assert "The 9 lines before that are imported" in refusal.value.message
    assert len(await importing.event_ids()) == 5
    path.write_bytes(path.read_bytes()[len(gzip.compress(SMALL.encode())) :])
    with pytest.raises(Refused, match=r"No line is imported\. Get a whole copy"):
        await importing.run(path)
    assert len(await importing.event_ids()) == 5


async def test_a_gzip_file_is_recognised_by_content_not_by_name(importing: ImportWorld) -> None:
    importing.file.write_bytes(gzip.compress(SMALL.encode()))
    assert (await importing.run()).now.visits == 4
    other = importing.file.with_suffix(".gz")
    other.write_text(line("/other"))
    assert (await importing.run(other)).now.visits == 1


async def test_a_missing_file_is_refused(importing: ImportWorld) -> None:
    with pytest.raises(Refused, match=r"nowhere\.log cannot be read"):
        await importing.run(importing.file.with_name("nowhere.log"))


async def test_an_event_that_is_too_large_is_refused_with_its_line_number(importing: ImportWorld) -> None:
    record = {
        "remote_addr": "10.1.2.3", "time_iso8601": "2015-05-17T10:00:09Z", "status": 200,
        "request": "GET /" + "x" * 40_000,
    }  # fmt: skip
    importing.file.write_text(line("/pricing") + json.dumps(record) + "\n")
    outcome = await importing.run()
    assert outcome.now.refused_lines == {"larger than an event may be": [2]}
    assert "10.1.2.3" not in importing.printed()
