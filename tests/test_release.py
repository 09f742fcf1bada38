"""A release: refused unless every file says the same version, and then exactly the integration in a zip."""

from pathlib import Path
import re
import shutil
import subprocess
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
INTEGRATION = Path("custom_components") / "home_energy_controller"
NOTES = """# Changelog

## [Unreleased]

- later

## [1.2.3] - 2026-11-27

- this

## [1.2.2]

- before

[1.2.3]: https://example.org
"""
VERSION = re.compile(r'(^ *"?version"?(?: =|:) ")[^"]+', re.MULTILINE)


class Checkout:
    """A small repository that is made as ours is."""

    def __init__(self, folder: Path) -> None:
        """Put version 1.2.3 everywhere."""
        self.folder = folder
        (folder / "scripts").mkdir()
        shutil.copy(ROOT / "scripts" / "release", folder / "scripts")
        for name in ("pyproject.toml", INTEGRATION / "manifest.json"):
            text = (ROOT / name).read_text(encoding="utf-8")
            self.write(name, VERSION.sub(r"\g<1>1.2.3", text, count=1))
        self.write("CHANGELOG.md", NOTES)
        self.write(INTEGRATION / "control" / "law.py", "LAW = 1\n")
        self.git("init", "-q")
        self.git("add", ".")
        self.git("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "all")
        self.write(INTEGRATION / "untracked.py", "")

    def write(self, name: Path | str, text: str) -> None:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def git(self, *arguments: str) -> None:
        """Run git in it."""
        subprocess.run(["git", *arguments], cwd=self.folder, check=True)  # noqa: S603, S607

    def release(self, version: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        command = [str(self.folder / "scripts" / "release"), version]
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a repository that can be released as 1.2.3."""
    return Checkout(tmp_path)


@pytest.mark.parametrize("version", ["1.2.3", "v1.2.3"])
def test_zip_and_notes_are_made_of_what_is_committed(checkout: Checkout, version: str) -> None:
    """HACS unpacks the zip into the integration's own folder."""
    done = checkout.release(version)
    assert done.returncode == 0, done.stderr
    with ZipFile(checkout.folder / "dist" / "home_energy_controller.zip") as archive:
        files = {name for name in archive.namelist() if not name.endswith("/")}
    assert files == {"manifest.json", "control/law.py"}
    assert (checkout.folder / "dist" / "notes.md").read_text(encoding="utf-8").strip() == "- this"


@pytest.mark.parametrize("name", ["manifest.json", "pyproject.toml"])
def test_a_file_with_another_version_is_named(checkout: Checkout, name: str) -> None:
    """Nothing is released then."""
    path = next(checkout.folder.rglob(name))
    path.write_text(path.read_text(encoding="utf-8").replace("1.2.3", "1.2.2"), encoding="utf-8")
    done = checkout.release("1.2.3")
    assert done.returncode == 1
    assert f"{name} has version 1.2.2, not 1.2.3" in done.stderr


def test_a_version_without_notes_is_refused(checkout: Checkout) -> None:
    """What is not told has not been thought about."""
    checkout.write("CHANGELOG.md", NOTES.replace("- this", ""))
    assert "says nothing about 1.2.3" in checkout.release("1.2.3").stderr


@pytest.mark.parametrize("version", ["1.2", "latest", "1.2.3; true", ""])
def test_what_is_no_version_is_refused(checkout: Checkout, version: str) -> None:
    """The version becomes a tag."""
    assert checkout.release(version).returncode != 0
