"""Names that people have on social networks: written with an @, as the address of a page, or bare."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import parse_qs, unquote

from shared.forms.text import cleaned


class _Network(NamedTuple):
    """The hosts of a network's pages, and the parts of a path that come before a person's name there."""

    hosts: frozenset[str]
    before: tuple[str, ...] = ()


_NETWORKS: Final[Mapping[str, _Network]] = {
    "twitter": _Network(frozenset({"twitter.com", "x.com"})),
    "facebook": _Network(frozenset({"facebook.com", "fb.com", "m.me"})),
    "instagram": _Network(frozenset({"instagram.com", "instagr.am"})),
    "linkedin": _Network(frozenset({"linkedin.com"}), ("in",)),
}
KINDS: Final = frozenset(_NETWORKS)

# Pages of the networks themselves, and of groups and companies: not pages of persons.
_NO_PERSON: Final = frozenset({
    "company", "events", "explore", "groups", "hashtag", "home", "home.php", "i", "in", "intent", "login",
    "p", "pages", "people", "photo.php", "profile.php", "pub", "reel", "school", "search", "settings",
    "share", "sharer", "sharer.php", "showcase", "stories", "story.php", "tv", "watch",
})  # fmt: skip
# With a scheme, or a host and a path.
_URL = re.compile(
    r"(?:(?:https?:)?//(?P<host>[^/?#\s]+)|(?P<bare>[^/?#@\s]+\.[a-z]{2,3})(?=/))"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.DOTALL,
)
_HANDLE = re.compile(r"[\w.-]{1,100}")


def handle_form(kind: str, text: str) -> str:
    """Return a person's name on a network in lower case, without the @ or the URL around it.

    Raises ValueError, with what is wrong, for a text that names no person there, such as another page or
    words.
    """
    folded = text.lower()
    url = _URL.fullmatch(folded)
    if url is not None:
        folded = _name_in(kind, url["host"] or url["bare"], url["path"], url["query"] or "")
    handle = folded.lstrip("@ ").strip("/ ")
    if not _HANDLE.fullmatch(handle) or not handle.strip("._-"):
        raise ValueError("is neither a name there nor the address of a person's page")
    return handle


def _name_in(kind: str, host: str, path: str, query: str) -> str:
    network = _NETWORKS[kind]
    labels = host.rpartition("@")[2].partition(":")[0].split(".")
    if not any(".".join(labels[start:]) in network.hosts for start in range(len(labels) - 1)):
        raise ValueError("is the address of a page elsewhere")
    steps = [cleaned(unquote(step)).lower() for step in path.split("/") if step]
    if kind == "facebook" and steps == ["profile.php"]:
        return (parse_qs(query).get("id") or [""])[0]
    if kind == "facebook" and steps[:1] == ["people"] and len(steps) == 3:  # noqa: PLR2004 - people/Name/id
        return steps[2]
    before = network.before
    if before and steps[: len(before)] == list(before):
        steps = steps[len(before) :]
    elif before:
        steps = []
    if len(steps) != 1 or steps[0] in _NO_PERSON:
        raise ValueError("is not the address of a person's page")
    return steps[0]
