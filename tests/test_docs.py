"""The pages that people read: what they link to and show is there, and an owner is done with the README in minutes."""

from pathlib import Path
import re

import pytest

from tests.test_packaging import ROOT, anchors

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
PICTURES = ROOT / "docs" / "pictures"
README = (ROOT / "README.md").read_text(encoding="utf-8")
MOST_WORDS = 1700


def links(page: Path) -> list[str]:
    """Return what a page links to or shows, but for other places on the web."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"\]\(([^()\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)
    return [link for link in found if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_is_there(page: Path) -> None:
    """With the heading that it points to."""
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_picture_is_shown_somewhere() -> None:
    """One that nobody sees is one that nobody keeps true."""
    shown = {(page.parent / link).resolve() for page in PAGES for link in links(page)}
    assert set(PICTURES.iterdir()) <= shown


def test_the_readme_is_short() -> None:
    """An owner reads it in one go; figures and details are in docs/."""
    assert len(README.split()) <= MOST_WORDS


def test_a_developer_finds_the_two_commands_from_the_first_lines() -> None:
    """They stand together, under the heading that the beginning links to."""
    beginning, rest = README.split("\n>", 1)
    assert "(#for-developers)" in beginning
    chapter = rest.split("## For developers\n")[1].split("\n## ")[0]
    assert re.findall(r"(?m)^\| `(scripts/\w+)`", chapter) == ["scripts/demo", "scripts/test"]
    assert all((ROOT / "scripts" / name).exists() for name in ("demo", "test"))
