"""Hostile images: a busybox root with anything on top, and attack programs compiled from C."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.support.api import Api
from tests.support.archives import PATH, Entry, Image, archive, busybox_root, layer

SOURCES = Path(__file__).parent.parent / "scenario" / "attacks"


class Attacks:
    """Builds attacks and brings them to an engine. `folder`: where compiled programs are kept."""

    def __init__(self, busybox: Path, folder: Path) -> None:
        self._root = busybox_root(busybox)
        self._folder = folder
        self._programs: dict[str, bytes] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def program(self, name: str, *options: str) -> bytes:
        """The static program of `attacks/NAME.c`, by the system's gcc; options: further ones for it."""
        key = " ".join((name, *options))
        if key not in self._programs:
            out = self._folder / name
            command = ["gcc", "-O1", "-Wall", "-Wextra", "-Werror", *(options or ("-static",))]
            subprocess.run([*command, "-o", str(out), str(SOURCES / f"{name}.c")], check=True)
            self._programs[key] = out.read_bytes()
        return self._programs[key]

    def attack(self, name: str) -> Entry:
        """That program as `/attack/NAME` of an image."""
        return Entry(f"attack/{name}", self.program(name), mode=0o755)

    def load(self, api: Api, reference: str, entries: Iterable[Entry] = (), **config: Any) -> str:
        """Load an image whose second layer is `entries`; config: fields of the image config. Its reference."""
        image = Image((reference,), (self._root, layer(entries)), {"Env": [PATH], "Cmd": ["sh"]} | config)
        answer = api.request("POST", "/images/load", archive([image]), headers={"Content-Type": "application/x-tar"})
        assert answer.status == 200, answer.value
        assert b"errorDetail" not in answer.body, answer.value
        return reference
