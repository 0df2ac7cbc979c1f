"""Operands that are not a path, URL, domain or e-mail address where events bring one.

Browsers, tracking SDKs and the import of log files send a path as `/pricing`, without host and query, and a
URL with its scheme and a host in lower case. Other senders may differ, so none of this is certain.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.paths import Test, conditions, tests
from services.scoring.matrix.warnings.warning import MatrixWarning
from shared.comparison import operators
from shared.operators.operator import TextUse

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_WEB: Final = re.compile(r"(?:(?:https?:)?//|www\.)[^/?#]*", re.IGNORECASE)
_HOST: Final = re.compile(r"(https?://)([^/?#*\[]*)", re.IGNORECASE)
_WILDCARDS: Final = "*?["
_MAX_SHOWN: Final = 100


class _Odd(NamedTuple):
    code: str
    message: str
    suggestion: str | None


_Check = Callable[[TextUse, str], _Odd | None]


def odd_addresses(matrix: Matrix) -> Iterator[MatrixWarning]:
    """Yield the first such operand of each operator, with the form in which events bring it."""
    for placed in conditions(matrix):
        checks = _OF_TRAITS if placed.of_traits else _OF_PROPERTIES
        for test in tests(placed):
            if (check := checks.get(test.name)) is not None:
                yield from _odd(test, check)


def _odd(test: Test, check: _Check) -> Iterator[MatrixWarning]:
    for operator, operand in operators(test.comparison):
        if operator.text is None:
            continue
        texts = [
            text for text in (operand if isinstance(operand, list) else [operand]) if isinstance(text, str)
        ]
        found = [odd for text in texts if (odd := check(operator.text, text)) is not None]
        if found:
            code, message, suggestion = found[0]
            meant = suggestion if suggestion is None or len(suggestion) <= _MAX_SHOWN else None
            hint = f": write {meant}" if meant else ""
            unmet = "likely" if len(found) == len(texts) else "no"
            yield MatrixWarning(test.path, code, message + hint, test.rule, suggestion=meant, unmet=unmet)


def _path(use: TextUse, text: str) -> _Odd | None:
    if (web := _WEB.match(text)) is not None:
        path = re.split(r"[?#]", text[web.end() :], maxsplit=1)[0]
        message = "a path has no host, and `url` is the whole address"
        return _Odd("path_with_host", message, path or "/")
    if not use.has_wildcards and (cut := re.search(r"[?#]", text)):
        part = "query, which is in `search`" if cut[0] == "?" else "fragment"
        return _Odd("path_with_query", f"a path has no {part}", text[: cut.start()] or None)
    if use.from_start and text[:1].strip() and text[0] not in _starts("/", use):
        return _Odd("path_without_slash", "a path begins with `/`", f"/{text}")
    return None


def _url(use: TextUse, text: str) -> _Odd | None:
    if (host := _HOST.match(text)) is not None and host[2] != host[2].lower():
        meant = f"{host[1].lower()}{host[2].lower()}{text[host.end() :]}"
        return _Odd("host_upper_case", "the host of a URL comes in lower case", meant)
    if use.is_whole and host is not None and host.end() == len(text):
        return _Odd("url_without_path", "a URL has a path, and be it `/` alone", f"{text}/")
    if not use.from_start or not text[:1].strip() or text[0] in _starts("", use):
        return None
    if text.startswith("/") and not text.startswith("//"):
        return _Odd(
            "url_without_scheme", "a URL begins with https:// and a host; `path` has what follows", None
        )
    if _SCHEME.match(text) is None or text.lower().startswith(("www.", "localhost:")):
        return _Odd("url_without_scheme", "a URL begins with its scheme", f"https://{text.lstrip('/')}")
    return None


def _starts(first: str, use: TextUse) -> str:
    return f"{first}{_WILDCARDS}" if use.has_wildcards else first


def _domain(use: TextUse, text: str) -> _Odd | None:
    if use.has_wildcards and set(_WILDCARDS) & set(text):
        return None
    bare = text.strip().rpartition("@")[2]
    bare = re.sub(r"^(?:[a-z]+:)?//|/.*$", "", bare, flags=re.IGNORECASE)
    whole = use.from_start and use.to_end
    meant = (bare.removeprefix("www.").strip(".") if whole else bare).lower()
    if text != meant and not (use.folds and text.lower() == meant):
        return _Odd("domain_form", "the domain of an address comes bare and in lower case", meant or None)
    if not text.isascii():
        return _Odd("domain_form", "an international domain comes in its ASCII form, with xn--", None)
    if use.is_whole and "." not in text:
        return _Odd("domain_form", f"{text} is no domain; `contains` asks for a part of one", None)
    return None


def _email(use: TextUse, text: str) -> _Odd | None:
    if use.from_start and text.startswith("@"):
        return _Odd(
            "email_form", "no address begins with @; ask `email_domain` for the domain", text[1:].lower()
        )
    if use.is_whole and text.strip() and "@" not in text:
        return _Odd("email_form", f"{text[:_MAX_SHOWN]} is no e-mail address", None)
    return None


_OF_PROPERTIES: Final[Mapping[str, _Check]] = {"path": _path, "url": _url, "referrer": _url}
_OF_TRAITS: Final[Mapping[str, _Check]] = {"email_domain": _domain, "email": _email}
