"""Whatever cites a page, a section, a numbered rule or a file cites one that exists; links lead somewhere."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("sipcheck", "trunks", "worker", "api", "trunkd", "tests", "benchmarks", "docs")
SUFFIXES = {".py", ".md", ".sh", ".toml", ".yml", ".yaml", ".cfg"}
# Where a path in backquotes is a claim about this repository as it stands.
TOLD_PATHS = ("docs", "README.md", "CONTRIBUTING.md", "SECURITY.md")

_PATH = r"(docs/[\w./-]+?\.md)"
_SECTION = re.compile(rf'{_PATH},? "([^"]+)"')
_NUMBERED = re.compile(rf"{_PATH},? (requirement|hazard)s? (\d+(?:(?:, | and )\d+)*)")
_TERM = re.compile(rf"{_PATH},? `([^`]+)`")
_LINKED_SECTION = re.compile(r'\]\(([^)#\s]+\.md)\), "([^"]+)"')
_LINK = re.compile(r"\]\((?![a-z]+:)([^)\s]+)\)")
_TOLD_PATH = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`")
_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Source:
    """A file that may cite others; `flat` is its text with line breaks and comment signs taken out."""

    path: Path
    text: str

    @property
    def flat(self) -> str:
        return re.sub(r"\s*\n[ \t]*(?:#[ \t]+)?", " ", self.text)

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))


@cache
def sources() -> tuple[Source, ...]:
    inside = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    files = [path for path in (*ROOT.iterdir(), *inside) if path.is_file()]
    return tuple(
        Source(path, path.read_text(encoding="utf-8"))
        for path in sorted(files)
        if (path.suffix in SUFFIXES or path.name == "Makefile") and path != Path(__file__)
    )


def pages() -> list[Source]:
    return [source for source in sources() if source.path.suffix == ".md"]


@cache
def headings(path: Path) -> tuple[str, ...]:
    text = _CODE.sub("", path.read_text(encoding="utf-8"))
    return tuple(re.findall(r"^#{1,6} (.+?) *$", text, re.MULTILINE))


def anchor(heading: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def numbers(path: Path, heading: str) -> set[int]:
    """The numbers of the list items below a heading."""
    section = path.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return {int(number) for number in re.findall(r"^(\d+)\. ", section, re.MULTILINE)}


def test_cited_pages_exist() -> None:
    cited = {(source.name, path) for source in sources() for path in re.findall(_PATH, source.text)}
    assert cited
    assert not {(name, path) for name, path in cited if not (ROOT / path).is_file()}


def test_pages_are_cited_by_their_path() -> None:
    """A page in capitals is one of those at the root."""
    cited = {
        (source.name, page)
        for source in sources()
        for page in re.findall(r"(?<![\w/.-])[A-Z]{2,}\.md\b", source.text)
    }
    assert not {(name, page) for name, page in cited if not (ROOT / page).is_file()}


def test_cited_sections_exist() -> None:
    cited = [
        (source.name, ROOT / path, heading)
        for source in sources()
        for path, heading in _SECTION.findall(source.flat)
    ]
    cited += [
        (page.name, page.path.parent / path, heading)
        for page in pages()
        for path, heading in _LINKED_SECTION.findall(page.flat)
    ]
    assert cited
    assert not [each for each in cited if each[2] not in headings(each[1])]


def test_cited_requirements_and_hazards_exist() -> None:
    cited = [
        (source.name, ROOT / path, f"{kind.capitalize()}s", int(number))
        for source in sources()
        for path, kind, several in _NUMBERED.findall(source.flat)
        for number in re.findall(r"\d+", several)
    ]
    assert cited
    assert not [each for each in cited if each[3] not in numbers(each[1], each[2])]


def test_cited_terms_stand_in_their_pages() -> None:
    cited = [(source.name, path, term) for source in sources() for path, term in _TERM.findall(source.flat)]
    assert cited
    assert not [
        each
        for each in cited
        if any(word not in (ROOT / each[1]).read_text(encoding="utf-8") for word in each[2].split())
    ]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Source) -> None:
    for link in _LINK.findall(_CODE.sub("", page.text)):
        path, _, fragment = link.partition("#")
        target = (page.path.parent / path).resolve() if path else page.path
        assert target.exists(), link
        if fragment:
            assert fragment in {anchor(heading) for heading in headings(target)}, link


@pytest.mark.parametrize(
    "page", [page for page in pages() if page.name.startswith(TOLD_PATHS)], ids=lambda p: p.name
)
def test_paths_that_a_page_names_exist(page: Source) -> None:
    assert not [path for path in _TOLD_PATH.findall(page.text) if not (ROOT / path).exists()]
