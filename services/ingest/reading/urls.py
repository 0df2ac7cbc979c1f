"""URLs: the parts that rules use."""

import re

# An optional scheme, and the host with its port and user; a later `//` is part of the path.
_BEFORE_PATH = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/?#]*")
_AFTER_PATH = re.compile(r"[?#]")


def path_of(url: str) -> str:
    """Return a URL's path, which starts with `/`, without reading more of the URL than that."""
    host = _BEFORE_PATH.match(url)
    path = _AFTER_PATH.split(url[host.end() :] if host else url, maxsplit=1)[0]
    return path if path.startswith("/") else f"/{path}"
