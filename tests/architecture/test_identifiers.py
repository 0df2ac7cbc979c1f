"""Identifiers are nouns and verbs of docs/words.md: none is made of a word without a meaning of its own."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

COVERED: Final = ("shared", "services", "deploy", "tests")

PARTS: Final = {
    "asked": "requested, parameters, filter",
    "begun": "started",
    "everybody": "all profiles",
    "gone": "removed, disabled, missing",
    "mine": "the noun",
    "nobody": "no profile, unknown, a placeholder",
    "owed": "due, deliveries",
    "said": "message, text",
    "somebody": "profile, caller",
    "strangers": "unknown names",
    "tell": "log, report, write",
    "tells": "log, report, write",
    "told": "message, text, reported, returned",
    "wanted": "filter, request",
    "whoever": "the noun",
    "whom": "the noun",
    "whose": "the noun",
}
"""A word that must not be a part of an identifier, and what to write instead."""

WHOLE: Final = {
    "its": "session, statement",
    "one": "the noun that it stands for",
    "place": "position, path, index",
    "there": "existing",
    "what": "problem, kind, label",
}
"""A word that must not be an identifier by itself, and what to write instead."""

FIXED: Final = {
    ("services/scoring/routes/handing_over.py", "begun_at"),
    ("services/scoring/routes/shapes.py", "one"),
    ("services/scoring/store/handovers.py", "begun_at"),
}
"""Fields of the API and columns of tables, which keep their names."""

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def sources() -> list[Path]:
    return sorted(path for folder in COVERED for path in (ROOT / folder).rglob("*.py"))


def defined(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of all that a module defines; names that a library defines are not ours."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.alias(asname=str(name)):
                yield node.lineno, name
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                yield node.lineno, name


def unclear(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the identifier and what to write instead, for each identifier with a banned word."""
    for line, name in defined(text):
        words = [word.lower() for word in _WORD.findall(name)]
        if len(words) == 1 and words[0] in WHOLE:
            yield line, name, WHOLE[words[0]]
        for word in words:
            if word in PARTS:
                yield line, name, PARTS[word]


def test_identifiers_say_what_they_name() -> None:
    """A reader has to find the noun behind `one` or `told` again at each use."""
    found = [
        f"{module}:{line} has `{name}`; write: {instead}"
        for path in sources()
        for module in [path.relative_to(ROOT).as_posix()]
        for line, name, instead in unclear(path.read_text())
        if (module, name) not in FIXED
    ]
    assert found == []


def test_covered_folders_exist() -> None:
    """A folder that was renamed would be covered no longer, and the test would still pass."""
    assert [folder for folder in COVERED if not (ROOT / folder).exists()] == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("for one in reports: pass", ["one"]),
        ("[one for one in reports]", ["one"]),
        ("def tell(whom): pass", ["tell", "whom"]),
        ("class ToldFaults: pass", ["ToldFaults"]),
        ("MAX_NAMES_TOLD = 1", ["MAX_NAMES_TOLD"]),
        ("self._asked = 1", ["_asked"]),
        ("import a as told", ["told"]),
        ("try: pass\nexcept E as told: pass", ["told"]),
        ("match a:\n    case [*owed]: pass", ["owed"]),
        ("f(lambda its: its.rows)", ["its"]),
        ("status = HTTPStatus.GONE", []),
        ("rows.one()", []),
        ("at_least_one = onely = toldo = 1", []),
        ('message = "This is told to nobody."', []),
    ],
)
def test_an_unclear_identifier_is_found(text: str, names: list[str]) -> None:
    assert [name for _, name, _ in unclear(text)] == names
