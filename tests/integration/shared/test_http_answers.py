"""Properties of every answer: safe headers, true `Allow`, no redirect, and documentation from here."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from services.handoff.payload import schemas as bodies
from shared.web.docs import ASSETS
from tests.support.keys import CRM_KEY, OPS_KEY, WRITE_KEY
from tests.worlds.all_services import compose_all_services
from tests.worlds.ingest import run_ingest

SAFE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}
EVENT = {"type": "visit", "identities": {"email": "ana@runner.example"}}


@pytest.fixture
async def api(sqlite_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with compose_all_services(sqlite_url, tmp_path) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://flipline.test") as client:
            yield client


# For each: method, path, other parts of the request, status of the answer.
ANSWERS: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/", {}, 200),
    ("GET", "/", {"headers": {"accept": "text/html"}}, 307),
    ("POST", "/", {}, 405),
    ("GET", "/healthz", {}, 200),
    ("HEAD", "/healthz", {}, 200),
    ("GET", "/readyz", {}, 200),
    ("GET", "/metrics", {}, 200),
    ("GET", "/openapi.json", {}, 200),
    ("POST", "/v1/events", {"json": EVENT, "headers": {"authorization": f"Bearer {WRITE_KEY}"}}, 200),
    ("POST", "/v1/track", {"json": {"userId": "u", "event": "e", "writeKey": WRITE_KEY}}, 200),
    ("POST", "/v1/track", {"json": {}}, 401),
    ("POST", "/v1/batch", {"content": b" " * 600_000}, 413),
    ("OPTIONS", "/v1/track", {}, 204),
    ("GET", "/v1/track", {}, 405),
    ("GET", "/v1/leads", {}, 401),
    ("GET", "/v1/leads", {"headers": {"authorization": f"Bearer {CRM_KEY}"}}, 200),
    ("GET", "/v1/leads", {"headers": {"authorization": f"Bearer {CRM_KEY}"}, "params": {"x": "1"}}, 400),
    ("GET", "/v1/leads/none", {"headers": {"authorization": f"Bearer {CRM_KEY}"}}, 404),
    ("PUT", "/v1/models/m/draft", {"headers": {"authorization": f"Bearer {OPS_KEY}"}}, 422),
    ("GET", "/nothing", {}, 404),
    ("TRACE", "/healthz", {}, 405),
    ("BREW", "/healthz", {}, 405),
    ("GET", "/docs/assets/no-such-file.js", {}, 404),
]


@pytest.mark.parametrize(("method", "path", "request_", "status"), ANSWERS)
async def test_every_answer_has_the_headers_that_make_it_safe_in_a_browser(
    api: httpx.AsyncClient, method: str, path: str, request_: dict[str, Any], status: int
) -> None:
    answer = await api.request(method, path, **request_)
    assert answer.status_code == status, answer.text
    assert answer.headers.items() >= SAFE.items()
    for name in SAFE:
        assert len(answer.headers.get_list(name)) == 1


async def test_a_page_of_another_origin_may_read_ingest_responses(api: httpx.AsyncClient) -> None:
    for body in ({"userId": "u", "event": "e", "writeKey": WRITE_KEY}, {}):
        answer = await api.post("/v1/track", json=body, headers={"origin": "https://shop.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
    preflight = await api.options("/v1/track", headers={"access-control-request-method": "POST"})
    assert preflight.headers["access-control-allow-methods"] == "POST"


async def test_an_answer_that_is_sent_again_carries_each_header_once(api: httpx.AsyncClient) -> None:
    """Some answers are made once and sent many times, so headers must not add up on them."""
    for _ in range(3):
        answer = await api.post("/v1/track", json={"userId": "u", "event": "e", "writeKey": WRITE_KEY})
        assert answer.headers.get_list("x-frame-options") == ["DENY"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"])
async def test_head_is_answered_as_get(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.head(path)).status_code == (await api.get(path)).status_code != 405


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/events", "OPTIONS, POST"),
        ("PUT", "/v1/webhooks", "GET, POST"),
        ("PUT", "/v1/webhooks/one", "DELETE, GET, PATCH"),
        ("POST", "/v1/models/m/draft", "DELETE, GET, PUT"),
        ("PUT", "/v1/models/m/activation", "DELETE, GET"),
        ("OPTIONS", "/v1/leads", "GET"),
        ("TRACE", "/v1/track", "OPTIONS, POST"),
        ("BREW", "/metrics", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
    ],
)
async def test_allow_names_the_methods_of_all_routes_of_the_path(
    api: httpx.AsyncClient, method: str, path: str, allow: str
) -> None:
    answer = await api.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    assert answer.json()["code"] == "method_not_allowed"


ODD_PATHS = [
    "/v1/track/",
    "/v1/leads/",
    "/docs/",
    "/healthz/",
    "//healthz",
    "//evil.example/v1",
    "/v1//leads",
]


@pytest.mark.parametrize("path", ODD_PATHS)
async def test_no_path_redirects_to_the_host_header(api: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "POST"):
        # Not `path` alone, which a client would read as another host.
        url = f"http://flipline.test{path}"
        answer = await api.request(method, url, headers={"host": "evil.example"})
        assert (answer.status_code, answer.headers.get("location")) == (404, None)
        assert answer.json()["code"] == "path_unknown"


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/html;q=0.5, application/json"])
async def test_the_root_path_gives_programs_links_to_the_other_paths(
    api: httpx.AsyncClient, accept: str | None
) -> None:
    api.headers.pop("accept")
    answer = await api.get("/", headers={} if accept is None else {"accept": accept})
    assert answer.status_code == 200
    root = answer.json()
    assert answer.headers["vary"] == "Accept"
    assert root["name"] == "Flipline ingest + scoring + handoff"
    assert root["version"] == (await api.get("/openapi.json")).json()["info"]["version"]
    assert {"documentation", "openapi", "health", "readiness", "metrics"} <= root["links"].keys()
    for label, path in root["links"].items():
        answer = await api.get(path)
        assert answer.status_code in {200, 401, 405}, (label, path)


async def test_the_root_path_redirects_a_browser_to_the_documentation_by_a_relative_path(
    api: httpx.AsyncClient,
) -> None:
    for method in ("GET", "HEAD"):
        answer = await api.request(method, "/", headers={"accept": BROWSER, "host": "evil.example"})
        assert (answer.status_code, answer.headers["location"]) == (307, "docs")
        assert answer.headers["vary"] == "Accept"
    page = await api.get("/", headers={"accept": BROWSER}, follow_redirects=True)
    assert (page.status_code, page.url.path) == (200, "/docs")


async def test_the_root_path_of_a_process_links_only_to_its_own_routes(tmp_path: Path) -> None:
    async with run_ingest(tmp_path) as world:
        links = (await world.api.get("/")).json()["links"]
    assert "/v1/events" in links.values()
    assert "/v1/leads" not in links.values()


async def test_the_documentation_page_loads_nothing_from_other_hosts(api: httpx.AsyncClient) -> None:
    page = await api.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    loaded = re.findall(r"(?:src|href)=\"([^\"]*)\"", page.text)
    assert len(loaded) == 5
    for address in loaded:
        assert not urlsplit(address).netloc
        answer = await api.get(urljoin("/docs", address))
        assert answer.status_code == 200, address
    # Nothing inline, so that the policy can forbid it.
    assert re.findall(r"<script(?! src=)|<style| style=| on\w+=", page.text) == []
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert {name: page.headers[name] for name in SAFE if name != "content-security-policy"} == {
        name: value for name, value in SAFE.items() if name != "content-security-policy"
    }
    script = (await api.get("/docs/assets/start.js")).text
    assert "validatorUrl: null" in script
    assert "http" not in script


async def test_only_the_documentation_files_are_served_and_with_their_media_type(
    api: httpx.AsyncClient,
) -> None:
    for name, media_type in ASSETS.items():
        answer = await api.get(f"/docs/assets/{name}")
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, media_type)
        assert answer.headers["cache-control"] == "public, max-age=3600"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert b"SwaggerUIBundle" in (await api.get("/docs/assets/swagger-ui-bundle.js")).content
    for name in ("__init__.py", "..%2fmain.py", "%2e%2e/main.py", "../main.py", "swagger-ui.css%00", ""):
        assert (await api.get(f"/docs/assets/{name}")).status_code == 404


async def test_openapi_describes_the_metrics_as_plain_text(api: httpx.AsyncClient) -> None:
    described = (await api.get("/openapi.json")).json()["paths"]["/metrics"]["get"]["responses"]["200"]
    assert list(described["content"]) == ["text/plain"]
    assert (await api.get("/metrics")).headers["content-type"].startswith("text/plain")


async def test_all_lists_are_described_alike(api: httpx.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]
    pages = {name: schema for name, schema in schemas.items() if "next_cursor" in schema["properties"]}
    assert {name for name in pages if not name.startswith("Page_")} == {"LetterReplayOut"}
    for name, schema in pages.items():
        assert "next_cursor" not in schema["required"], name
        assert schema["properties"]["next_cursor"]["type"] == "string", name
    lists = [
        path_item["get"]
        for path_item in document["paths"].values()
        if "cursor" in str(path_item.get("get", {}))
    ]
    assert len(lists) == len(pages) - 1
    for operation in lists:
        described = operation["responses"]["200"]["content"]
        assert described.keys() == {"application/json", "text/csv"}, operation["operationId"]
        assert {"limit", "cursor"} <= {parameter["name"] for parameter in operation["parameters"]}


async def test_the_name_of_a_schema_is_unique_and_ends_in_in_or_out(api: httpx.AsyncClient) -> None:
    """Except the bodies of webhooks, which no route accepts or returns."""
    schemas = (await api.get("/openapi.json")).json()["components"]["schemas"]
    of_webhooks = {
        name for name, value in vars(bodies).items() if getattr(value, "__module__", "") == bodies.__name__
    }
    name = re.compile(r"Problem|[A-Za-z]+(In|Out)|Page_[A-Za-z]+Out_")
    assert [schema for schema in schemas if not name.fullmatch(schema) and schema not in of_webhooks] == []
