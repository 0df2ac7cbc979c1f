"""Every path of every tracker format over HTTP; a new format is tested here as it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.ingest.formats.format import Format, TrackingPath
from services.ingest.formats.registry import BY_PATH
from shared.events import encode
from shared.web.direct import direct_routes
from tests.support.keys import WRITE_KEY
from tests.support.tracker_formats import EACH_PATH, body_keys, documented_keys, example_of
from tests.worlds.ingest import BEARER, IngestWorld, run_ingest


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[IngestWorld]:
    async with run_ingest(tmp_path) as running:
        running.api.headers.pop("authorization")
        yield running


async def test_every_tracker_path_is_described_and_bypasses_the_router(world: IngestWorld) -> None:
    described = (await world.api.get("/openapi.json")).json()["paths"]
    tracking = {path for path, item in described.items() if item.get("post", {}).get("tags") == ["ingest"]}
    assert tracking == set(direct_routes(world.app.routes)) == set(BY_PATH)


@pytest.mark.parametrize(("tracker_format", "path"), EACH_PATH)
async def test_the_example_of_each_path_is_accepted_with_the_key_in_each_location(
    world: IngestWorld, tracker_format: Format, path: TrackingPath
) -> None:
    example, without = example_of(tracker_format, path), dict[str, str]()
    requests = [(example.written(), without, BEARER)]
    requests += [(example.written({name: WRITE_KEY}), without, without) for name in body_keys(tracker_format)]
    requests += [(example.written(), {name: WRITE_KEY}, without) for name in tracker_format.key_fields.query]
    for content, query, headers in requests:
        before = len(await world.interactions())
        answer = await world.api.post(path.path, content=content, params=query, headers=headers)
        assert answer.is_success, answer.text
        assert answer.headers["access-control-allow-origin"] == "*"
        assert len(await world.interactions()) > before
    assert await world.dead_letters() == []


@pytest.mark.parametrize(("tracker_format", "path"), EACH_PATH)
async def test_a_request_without_a_key_stores_nothing_and_the_message_names_the_key_fields(
    world: IngestWorld, tracker_format: Format, path: TrackingPath
) -> None:
    answer = await world.api.post(path.path, content=example_of(tracker_format, path).written())
    assert (answer.status_code, answer.json()["code"]) == (401, "write_key_invalid")
    for name in documented_keys(tracker_format):
        assert f"`{name}`" in answer.json()["message"]
    assert await world.interactions() == await world.dead_letters() == []


@pytest.mark.parametrize(("tracker_format", "path"), EACH_PATH)
async def test_the_dead_letter_of_an_unreadable_body_contains_no_keys(
    world: IngestWorld, tracker_format: Format, path: TrackingPath
) -> None:
    fields = dict.fromkeys(body_keys(tracker_format), WRITE_KEY)
    content = example_of(tracker_format, path).written(fields)
    query = dict.fromkeys(tracker_format.key_fields.query, WRITE_KEY)
    headers = BEARER | {"content-encoding": "br"}
    answer = await world.api.post(path.path, content=content, params=query, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "encoding_unsupported")
    (letter,) = await world.dead_letters()
    assert letter.source == path.path
    assert WRITE_KEY.encode() not in encode(letter)


@pytest.mark.parametrize(("tracker_format", "path"), EACH_PATH)
async def test_a_browser_may_post_from_any_page(
    world: IngestWorld, tracker_format: Format, path: TrackingPath
) -> None:
    answer = await world.api.options(path.path, headers={"origin": "https://shop.example"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "*")
