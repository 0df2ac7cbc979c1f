from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.reading.urls import path_of


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://a.example/b/c?d#e", "/b/c"),
        ("https://a.example?d=/x", "/"),
        ("https://a.example#/x", "/"),
        ("//a.example/b", "/b"),
        ("/b?c", "/b"),
        ("b", "/b"),
        ("https://a.example/b//c", "/b//c"),
        ("", "/"),
        ("/go/https://other.example/pricing", "/go/https://other.example/pricing"),
        ("go/https://other.example/pricing", "/go/https://other.example/pricing"),
        ("https://a.example/go/https://other.example/pricing", "/go/https://other.example/pricing"),
        ("/go://other.example/pricing", "/go://other.example/pricing"),
        ("/a?to=https://other.example/pricing", "/a"),
        ("https://a.example/x:y//z", "/x:y//z"),
        ("HTTPS://user:pass@a.example:8443/b", "/b"),
        ("https://[2001:db8::1]/b", "/b"),
        ("android-app://com.example/b", "/b"),
    ],
)
def test_path_of_returns_the_path_of_a_url(url: str, path: str) -> None:
    assert path_of(url) == path


HOSTS = st.sampled_from(["a.example", "a.example:8443", "user@a.example", "[2001:db8::1]"])
STEPS = st.lists(st.text(max_size=8).map(lambda text: quote(text, safe=":@!$&'()*+,;=")), max_size=6)
HOSTILE = st.sampled_from(
    ["https://other.example/pricing", "//other.example", "http:", ":", "", "%2f%2f", "@"]
)
AFTER = st.sampled_from(["", "?", "#", "?q=https://other.example/x", "#/x?y", "?a#b//c"])


@given(st.sampled_from(["https:", "http:", "ftp:", ""]), HOSTS, STEPS | st.lists(HOSTILE, max_size=4), AFTER)
def test_path_segments_are_never_read_as_a_host(scheme: str, host: str, steps: list[str], after: str) -> None:
    path = "/" + "/".join(steps)
    assert path_of(f"{scheme}//{host}{path}{after}") == path
    if not path.startswith("//"):
        assert path_of(f"{path}{after}") == path


@given(st.text() | st.lists(HOSTILE | AFTER | HOSTS).map("".join))
def test_any_text_has_a_path_without_query_and_fragment(url: str) -> None:
    path = path_of(url)
    assert path.startswith("/")
    assert not {"?", "#"} & set(path)
    assert path == "/" or path.removeprefix("/") in url


@given(HOSTS, STEPS, AFTER)
def test_path_of_agrees_with_urlsplit(host: str, steps: list[str], after: str) -> None:
    url = f"https://{host}/{'/'.join(steps)}{after}"
    assert path_of(url) == urlsplit(url).path
