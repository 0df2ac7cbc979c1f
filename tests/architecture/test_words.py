"""Comments and docstrings are plain English: no phrase that a newcomer has to translate (docs/words.md)."""

import ast
import re
import tokenize
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

COVERED: Final = ("shared", "services", "tests")

INSTEAD: Final = {
    r"tells? (whether|if)": "return whether",
    r"tells? (of|that)": "report, list, warn about",
    r"told": "set, said, reported, returned",
    r"whom|who(m)?ever|whosoever": "the noun: the profile, the worker, the caller",
    r"nobody": "no profile, no worker, unknown, a placeholder",
    r"of which": "a second sentence, or: its",
    r"thereby|hence|whereby": "so",
    r"(is|are|was|were) owed": "is due, has to be sent",
    r"so that (none|no one)": "so no writer, so no profile ...",
    r"so (many|much)": "this many, at most",
    r"another one": "changes, differs, or the noun",
    r"in the place of": "instead of",
    r"gone": "removed, down, missing",
    r"(what|that|which) (is|are) no": "that is not a",
    r"(is|are) no more": "was deleted, has changed, ended",
    r"at the very most": "at most",
    r"as long as may be": "of the greatest length",
}
"""A phrase, as a pattern in which a space is any gap, and what to write instead."""

_PATTERNS: Final = {
    re.compile(r"\b(?:" + phrase.replace(" ", r"[\s#]+") + r")\b", re.IGNORECASE): instead
    for phrase, instead in INSTEAD.items()
}
_IDENTIFIERS: Final = re.compile(r"`[^`\n]*`|'[^'\s]*_[^'\s]*'|\b\w+_\w+\b")


def sources() -> list[Path]:
    return sorted(path for folder in COVERED for path in (ROOT / folder).rglob("*.py"))


def comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield the first line and the text of each comment; comments in consecutive lines are one comment."""
    first, block, last = 0, "", -1
    for token in tokenize.generate_tokens(iter(text.splitlines(keepends=True)).__next__):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if line == last + 1:
            block += f"\n{token.string}"
        else:
            if block:
                yield first, block
            first, block = line, token.string
        last = line
    if block:
        yield first, block


def docstrings(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the source of each docstring, also of attributes."""
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.lineno, ast.get_source_segment(text, node) or ""


def stilted(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the phrase and what to write instead, for each banned phrase in a module's words."""
    for line, words in chain(comments(text), docstrings(text)):
        plain = _IDENTIFIERS.sub("x", words)
        for pattern, instead in _PATTERNS.items():
            for found in pattern.finditer(plain):
                at = line + plain.count("\n", 0, found.start())
                yield at, " ".join(found[0].replace("#", " ").split()), instead


def test_comments_and_docstrings_are_plain_english() -> None:
    """A sentence that has to be read twice is read wrong once."""
    found = [
        f"{path.relative_to(ROOT)}:{line} has '{phrase}'; write: {instead}"
        for path in sources()
        for line, phrase, instead in stilted(path.read_text())
    ]
    assert found == []


def test_covered_folders_exist() -> None:
    """A folder that was renamed would be covered no longer, and the test would still pass."""
    assert [folder for folder in COVERED if not (ROOT / folder).is_dir()] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"""Tell whether it is."""', [(1, "Tell whether")]),
        ("x = 1  # for whom it is", [(1, "whom")]),
        ("# The rows of\n# which some are new.\n", [(1, "of which")]),
        ('def f() -> None:\n    """Do.\n\n    It is told\n    to others.\n    """\n', [(4, "told")]),
        ('class A:\n    a: int\n    """the error of nobody"""\n', [(3, "nobody")]),
        ("# `told` and told_by are identifiers.\n", []),
        ('message = "This is told to nobody."', []),
    ],
)
def test_a_phrase_is_found_with_its_line(text: str, expected: list[tuple[int, str]]) -> None:
    assert [(line, phrase) for line, phrase, _ in stilted(text)] == expected
