"""The real registry (distribution) for the time of the measurements, where both engines can reach it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from bench.errors import MeasurementFailed
from bench.imagery import MANIFEST, Image
from tools.clients import clients

_READY_WITHIN = 60.0
# Runs where the registry runs: sends files and bytes, each as one request, and prints the status and the place.
_SENDER = """
import http.client, json, sys
host, method, path, kind, source = sys.argv[1:]
connection = http.client.HTTPConnection(host, timeout=120)
body = open(source, "rb") if source else b""
connection.request(method, path, body, {"Content-Type": kind} if kind else {})
answer = connection.getresponse()
answer.read()
print(answer.status, answer.getheader("Location") or "")
"""


class Registry:
    """Use as a context manager. host: as in references."""

    def __init__(self, through: Sequence[str] = ()) -> None:
        """through: a command that runs another where both engines reach its loopback."""
        self.host = ""
        self._through = list(through)
        self._base = Path(tempfile.mkdtemp(prefix="boxship-bench-registry-", dir="/var/tmp"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Registry:
        config = {
            "version": 0.1,
            "storage": {"filesystem": {"rootdirectory": str(self._base / "store")}, "delete": {"enabled": True}},
            "http": {"addr": "127.0.0.1:0", "secret": "of-the-bench"},
        }
        file, log = self._base / "config.yml", self._base / "log"
        file.write_text(json.dumps(config))
        command = [*self._through, str(clients() / "bin/docker-registry"), "serve", str(file)]
        with log.open("wb") as out:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline and self._process.poll() is None:
            found = log.read_text(errors="replace").partition("listening on 127.0.0.1:")[2]
            if digits := "".join(letter for letter in found[:5] if letter.isdigit()):
                self.host = f"127.0.0.1:{digits}"
                return self
            time.sleep(0.02)
        said = log.read_text(errors="replace")[-2000:]
        self.__exit__(None, None, None)
        raise MeasurementFailed(f"the registry does not come up:\n{said}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(30)
        shutil.rmtree(self._base, ignore_errors=True)

    def put(self, repository: str, image: Image) -> str:
        """Send an image as its repository's `latest`; the reference. MeasurementFailed."""
        config = self._base / "blob"
        config.write_bytes(image.config)
        digest = f"sha256:{hashlib.sha256(image.config).hexdigest()}"
        self._blob(repository, config, digest)
        for layer in image.layers:
            self._blob(repository, layer.path, layer.digest)
        config.write_bytes(image.manifest())
        self._ask("PUT", f"/v2/{repository}/manifests/latest", MANIFEST, str(config), 201)
        return f"{self.host}/{repository}:latest"

    def _blob(self, repository: str, path: Path, digest: str) -> None:
        place = self._ask("POST", f"/v2/{repository}/blobs/uploads/", "", "", 202)
        mark = "&" if "?" in place else "?"
        path_only = f"/v2/{place.partition('/v2/')[2]}{mark}digest={digest}"
        self._ask("PUT", path_only, "application/octet-stream", str(path), 201)

    def _ask(self, method: str, path: str, kind: str, source: str, expected: int) -> str:
        command = [*self._through, sys.executable, "-c", _SENDER, self.host, method, path, kind, source]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        status, _, place = done.stdout.strip().partition(" ")
        if status != str(expected):
            raise MeasurementFailed(f"{method} {path} of the registry: {status or done.stderr[-500:]}")
        return place
