"""Runs a case against an engine and gives the normalised answers."""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.facts import normalise
from tests.facts.case import Case, Docker, Http
from tests.support.api import Answer, Api, frames

LETTERS = "ghijkmnopqrstuvwxyz"  # no hexadecimal digit: a name never looks like an id
BASE, RICH = "bx/base:1", "bx/rich:1"


class CaseFailed(Exception):
    """A step that prepares a case failed: nothing is known about the question."""


class Runner:
    """One engine and one command line client of it. config: a private folder for the client. registry: the host of
    the registry that both reach (registry.py).
    """

    def __init__(self, program: tuple[str, ...], socket_path: str, config: Path, registry: str) -> None:
        self.program = program
        self.api = Api(socket_path)
        self.socket_path = socket_path
        self.registry = registry
        self.root = str(self.api.request("GET", "/info").json.get("DockerRootDir", ""))
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(config),
            "DOCKER_CONFIG": str(config),
            "DOCKER_HOST": f"unix://{socket_path}",
            "LC_ALL": "C",
            "DOCKER_CLI_HINTS": "false",
        }

    def docker(self, *args: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """Run the CLI to its end; without input it reads from /dev/null."""
        command = [*self.program, *args]
        if stdin is None:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=self.environment,
                timeout=90,
                check=False,
            )
        return subprocess.run(command, input=stdin, capture_output=True, env=self.environment, timeout=90, check=False)

    def load(self, archive: bytes) -> None:
        """Give the engine the test images."""
        done = self.docker("load", stdin=archive)
        if done.returncode:
            raise CaseFailed(f"docker load: {done.stderr.decode(errors='replace')}")

    def run(self, case: Case) -> list[dict[str, Any]]:
        """The normalised answers of the recorded steps, in order."""
        prefix = "fact-" + "".join(random.choices(LETTERS, k=8))
        words = {"p": prefix, "base": BASE, "rich": RICH, "t0": f"{time.time():.9f}"}
        words["registry"] = self.registry
        names = {self.registry: "REGISTRY", prefix: "PREFIX", self.socket_path: "SOCKET", self.root: "ROOT"}
        results: list[dict[str, Any]] = []
        with tempfile.TemporaryDirectory(prefix="boxship-fact-") as scratch, self._cleaned(prefix):
            words["tmp"] = scratch
            names[scratch] = "TMP"
            for step in case.steps:
                words["now"] = f"{time.time():.9f}"
                result, saved = (
                    self._docker(step, words, names) if isinstance(step, Docker) else self._http(step, words, names)
                )
                if step.save:
                    words[step.save] = saved
                    words[step.save + "12"] = saved.removeprefix("sha256:")[:12]
                if step.recorded:
                    results.append(result)
        return results

    @contextmanager
    def _cleaned(self, prefix: str) -> Iterator[None]:
        try:
            yield
        finally:
            left = self.docker("ps", "-aq", "--filter", f"name={prefix}").stdout.decode().split()
            left += self.docker("ps", "-aq", "--filter", f"label=fact={prefix}").stdout.decode().split()
            if left:
                self.docker("rm", "-f", "-v", *left)
            images = self.docker(
                "images",
                "-q",
                *(f"--filter=reference={form}" for form in (f"{prefix}*", f"*/{prefix}*", f"*/{prefix}/*")),
            )
            nameless = self.docker("images", "-aq", "--filter", f"label=fact={prefix}").stdout.decode().split()
            if nameless:
                self.docker("rmi", "-f", *nameless)
            for image in dict.fromkeys(images.stdout.decode().split()):
                tags = self.docker("inspect", "--type", "image", "-f", '{{join .RepoTags " "}}', image).stdout.decode()
                for tag in (tag for tag in tags.split() if prefix in tag):
                    self.docker("rmi", "-f", tag)
                if not tags.split():
                    self.docker("rmi", "-f", image)  # pulled by its digest only

    def _docker(self, step: Docker, words: dict[str, str], names: dict[str, str]) -> tuple[dict[str, Any], str]:
        args = [_fill(word, words) for word in step.args]
        done = self.docker(*args, stdin=step.stdin)
        if step.must_succeed and done.returncode:
            raise CaseFailed(f"docker {' '.join(args)}: exit {done.returncode}: {done.stderr.decode(errors='replace')}")
        result: dict[str, Any] = {
            "command": "docker " + " ".join(step.args),
            "exit": done.returncode,
            "stdout": normalise.output(done.stdout, names, unordered=step.unordered),
            "stderr": normalise.lines(done.stderr, names, unordered=step.unordered),
        }
        if step.only:
            result = {"command": result["command"], step.only: result[step.only]}
        return result, (done.stdout.decode(errors="replace").split() or [""])[-1]

    def _http(self, step: Http, words: dict[str, str], names: dict[str, str]) -> tuple[dict[str, Any], str]:
        path = _fill(step.path, words)
        body = _fill_document(step.body, words)
        result: dict[str, Any] = {"request": f"{step.method} {step.path}"}
        if step.upgrade:
            hijack = self.api.hijack(path, body, method=step.method)
            try:
                if hijack.status == 101 and step.stdin:
                    hijack.sock.sendall(step.stdin)
                if hijack.status == 101:
                    hijack.half_close()
                    raw = hijack.read_all()
                else:
                    raw = Answer(hijack.status, hijack.headers, _sized(hijack)).body
            finally:
                hijack.close()
            result |= {"status": hijack.status, "line": hijack.line}
            result["headers"] = {name: hijack.headers.get(name) for name in ("content-type", "connection", "upgrade")}
            if hijack.headers.get("content-type", "").endswith("multiplexed-stream"):
                apart = {stream: b"".join(data for kind, data in frames(raw) if kind == stream) for stream in (1, 2)}
                result |= {
                    name: normalise.lines(apart[stream], names) for stream, name in ((1, "stdout"), (2, "stderr"))
                }
            else:
                result["body"] = normalise.output(raw, names)
            return result, ""
        answer = self.api.request(step.method, path, body, headers=dict(step.headers))
        value = answer.value
        if step.schema:
            value = normalise.schema(value)
        if step.keys and isinstance(value, dict):
            value = {key: value.get(key, "<absent>") for key in step.keys}
        result |= {"status": answer.status, "body": normalise.document(value, names)}
        result["headers"] = {name: answer.headers.get(name) for name in step.keep_headers}
        saved = value.get("Id", "") if isinstance(value, dict) else ""
        return result, str(saved)


def _sized(hijack: Any) -> bytes:
    """The body of an answer that refused the upgrade."""
    size = int(hijack.headers.get("content-length", "0"))
    body: bytes = hijack.rest
    while len(body) < size:
        body += hijack.sock.recv(65536)
    return body[:size]


def _fill(template: str, words: dict[str, str]) -> str:
    """Replace {word}; `{q:text}` is percent-encoded text."""
    for word, value in words.items():
        template = template.replace("{" + word + "}", value)
    while "{q:" in template:
        before, _, rest = template.partition("{q:")
        quoted, _, after = rest.partition(":q}")
        template = before + urllib.parse.quote(quoted, safe="") + after
    return template


def _fill_document(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, str):
        return _fill(value, words)
    if isinstance(value, list):
        return [_fill_document(item, words) for item in value]
    if isinstance(value, dict):
        return {_fill(key, words): _fill_document(item, words) for key, item in value.items()}
    return value
