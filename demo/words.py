"""What stands on the screen, in any language: Home Assistant's words and ours, by their keys."""

from functools import cached_property
from importlib import import_module
import json
from pathlib import Path
import re
from typing import Any, Final

from .home_assistant import DOMAIN, ROOT

_FOLDERS: Final = (".", "config", "lovelace", "page-authorize")


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        """Nothing is read yet."""
        self.language = language

    def theirs(self, key: str, **values: str) -> str:
        """Return a text of Home Assistant's frontend."""
        return self._frontend[key].format(**values)

    def ours(self, path: str) -> str:
        """Return a text of the integration, by its path such as `entity.switch.controller.name`."""
        found: Any = self._integration
        for key in path.split("."):
            found = found[key]
        return str(found)

    @cached_property
    def _integration(self) -> dict[str, Any]:
        """Return our translations."""
        path = ROOT / "custom_components" / DOMAIN / "translations" / f"{self.language}.json"
        texts: dict[str, Any] = json.loads(path.read_text())
        return texts

    @cached_property
    def _frontend(self) -> dict[str, str]:
        """Return the translations of all pages that the story opens; their files have a hash in their names."""
        # Home Assistant fetches it when it starts: on a new machine there is none before.
        frontend = import_module("hass_frontend")
        named, texts = re.compile(rf"{self.language}-[0-9a-f]+\.json"), dict[str, str]()
        for folder in _FOLDERS:
            for path in (Path(frontend.where()) / "static" / "translations" / folder).iterdir():
                if named.fullmatch(path.name):
                    texts |= json.loads(path.read_text())
        return texts
