"""Documents: every link leads to a file, and the decisions are numbered, complete and listed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/decisions"
INDEX = FOLDER / "README.md"
FILES = sorted(FOLDER.glob("[0-9]*.md"))
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("services/*/README.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#|/")
SECTIONS = ["Context", "Decision", "Consequences"]
# How a status names its relation to another decision, and how the other names it back.
RELATIONS = {"superseded by": "supersedes", "amended by": "amends", "extended by": "extends"}
BACK = RELATIONS | {back: relation for relation, back in RELATIONS.items()}
STATUS = re.compile(r"Status: (accepted(, .+)?|superseded by .+|withdrawn, .+)")
RELATED = re.compile(rf"({'|'.join(BACK)})((?:(?:, | and | )\[[0-9]+\]\([0-9a-z-]+\.md\))+)")
ROW = re.compile(r"\| ([0-9]+) \| \[(.+)\]\((.+)\) \| (.+) \|")


# A path in backticks; documents shorten paths to what follows the folder of a service.
PATH = re.compile(r"`((?:[a-z_.-]+/)+[a-z0-9_.-]*)`")
FROM = [ROOT, *(ROOT / "services").iterdir(), ROOT / "services/scoring/matrix"]
INVENTED = {"services/handoff/payload/noted.py", "tests/contract/golden/noted.1.json"}


class Relation(NamedTuple):
    """The relation to another decision that a decision states in its status."""

    of: str
    how: str
    to: str


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def dead_links(document: Path) -> Iterator[str]:
    """Yield the relative links of a document that lead to no file."""
    for target in LINK.findall(document.read_text()):
        file = target.partition("#")[0]
        if not ELSEWHERE.match(target) and not (document.parent / file).exists():
            yield target


def dead_paths(document: Path) -> Iterator[str]:
    """Yield the paths in backticks that name no file or folder; `.py` may be left out."""
    for path in PATH.findall(document.read_text()):
        candidates = [candidate for base in FROM for candidate in (base / path, base / f"{path}.py")]
        if not path.startswith("v1/") and path not in INVENTED and not any(map(Path.exists, candidates)):
            yield path


def relations(path: Path) -> Iterator[Relation]:
    for how, links in RELATED.findall(status_of(path)):
        yield from (Relation(path.name, how, to) for to in LINK.findall(links))


def title_of(path: Path) -> str:
    return path.read_text().splitlines()[0].partition(". ")[2]


def status_of(path: Path) -> str:
    return path.read_text().splitlines()[2]


def row_of(path: Path) -> tuple[str, str, str, str]:
    """Return the row of a decision in the index, which has its status without links."""
    status = re.sub(r"\[([0-9]+)\]\([^)]*\)", r"\1", status_of(path).removeprefix("Status: "))
    return str(int(path.name[:4])), title_of(path), path.name, status


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    """A file that was moved or deleted leaves dead links behind."""
    assert list(dead_links(document)) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").touch()
    (document := tmp_path / "document.md").write_text(
        "[a](there.md) [b](there.md#part) [c](#part) [d](https://a.example/x.md) [e](gone.md) [f](../x.md#y)"
    )
    assert list(dead_links(document)) == ["gone.md", "../x.md#y"]


def test_decisions_are_numbered_without_gaps() -> None:
    """A number in an old commit or comment still names one decision."""
    assert [path.name[:5] for path in FILES] == [f"{number:04}-" for number in range(1, len(FILES) + 1)]


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "CONTRIBUTING.md"], ids=name)
def test_every_path_leads_to_a_file(document: Path) -> None:
    assert list(dead_paths(document)) == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_every_decision_has_number_status_and_sections(path: Path) -> None:
    """A reader finds in one place whether a decision applies, why it was made and what it costs."""
    lines = path.read_text().splitlines()
    assert re.fullmatch(r"[0-9]{4}(-[a-z0-9]+)+\.md", path.name)
    assert lines[0].startswith(f"# {int(path.name[:4])}. ")
    assert STATUS.fullmatch(lines[2]), lines[2]
    assert [line.removeprefix("## ") for line in lines if line.startswith("## ")] == SECTIONS
    assert all(text.strip() for text in re.split(r"^## .*$", path.read_text(), flags=re.MULTILINE)[1:])


def test_decisions_that_change_each_other_link_both_ways() -> None:
    """A reader of an old decision learns that a later one has changed it."""
    found = {relation for path in FILES for relation in relations(path)}
    assert {Relation(to, BACK[how], of) for of, how, to in found} == found


@pytest.mark.parametrize("path", FILES, ids=name)
def test_the_status_of_a_decision_links_only_with_a_known_relation(path: Path) -> None:
    """A relation in other words would not be checked in the other decision."""
    assert LINK.findall(status_of(path)) == [relation.to for relation in relations(path)]


def test_the_index_lists_every_decision() -> None:
    """A decision that is not listed is not found."""
    assert sorted(ROW.findall(INDEX.read_text())) == sorted(row_of(path) for path in FILES)
