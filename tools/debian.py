"""Debian's packages without installing them: the machine's own mirror, a private apt, a private folder.

apt does the fetching and the checking (release signature, then the digest of every package), with the machine's own
proxy and certificate settings; only its lists, its cache and its idea of what is installed lie in a private folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class ToolError(Exception):
    """A message for the person who ran the tool."""


@dataclass(frozen=True)
class Source:
    """One archive that apt is set up to read."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]


def codename(os_release: Path = Path("/etc/os-release")) -> str:
    """The suite this machine runs, such as `bookworm` (os-release(5)); "" where it does not say."""
    for line in os_release.read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "VERSION_CODENAME":
            return value.strip().strip('"')
    return ""


def sources(etc: Path = Path("/etc/apt")) -> Iterator[Source]:
    """The archives of sources.list(5), both formats."""
    for file in sorted(etc.glob("sources.list.d/*.sources")):
        for stanza in file.read_text().split("\n\n"):
            fields = dict(_fields(stanza))
            if fields.get("Enabled", "yes") == "no" or "deb" not in fields.get("Types", "").split():
                continue
            for uri in fields.get("URIs", "").split():
                yield Source(uri, tuple(fields["Suites"].split()), tuple(fields.get("Components", "").split()))
    for file in (etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))):
        for line in file.read_text().splitlines() if file.exists() else ():
            words = line.partition("#")[0].split()
            if words[:1] != ["deb"]:
                continue
            rest = words[1:]
            if rest and rest[0].startswith("["):
                closing = next(i for i, word in enumerate(rest) if word.endswith("]"))
                rest = rest[closing + 1 :]
            if len(rest) >= 2:
                yield Source(rest[0], (rest[1],), tuple(rest[2:]))


def _fields(stanza: str) -> Iterator[tuple[str, str]]:
    """The fields of a deb822(5) stanza; continuation lines are joined by a space."""
    name, value = "", ""
    for line in stanza.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line[0] in " \t":
            value += " " + line.strip()
            continue
        if name:
            yield name, value
        name, _, value = line.partition(":")
        value = value.strip()
    if name:
        yield name, value


def mirror() -> str:
    """The URI of the Debian mirror this machine installs its own suite from."""
    here = codename()
    for source in sources():
        if here in source.suites and "main" in source.components:
            return source.uri
    raise ToolError(f"no Debian mirror for {here or 'this system'} in /etc/apt: it needs a `deb … {here} main` source")


def unpack(packages: Iterable[str], suite: str, root: Path, work: Path) -> None:
    """Fetch packages of a suite with all they depend on, and unpack them into `root`. Nothing is installed."""
    wanted = list(packages)
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    (work / "status").write_text("")
    (work / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {suite} main\n")
    options = {
        "Dir::Etc::SourceList": work / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Dir::State::Lists": work / "lists",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    apt = ["apt-get", "-qq", *(f"-o{key}={value}" for key, value in options.items())]
    run([*apt, "update"])
    run([*apt, "install", "--yes", "--download-only", *wanted])
    root.mkdir(parents=True, exist_ok=True)
    for package in sorted((work / "cache/archives").glob("*.deb")):
        run(["dpkg-deb", "--extract", str(package), str(root)])


def run(command: list[str], *, stdin: bytes = b"") -> bytes:
    """Run a command to its end; its output on failure is the error."""
    done = subprocess.run(command, input=stdin, capture_output=True, env=os.environ | {"LC_ALL": "C"}, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise ToolError(f"{' '.join(command[:1])} failed with exit code {done.returncode}:\n{said}")
    return done.stdout


def complain(error: ToolError) -> int:
    """Print a tool's error as the tool; the exit code."""
    print(f"{Path(sys.argv[0]).stem}: {error}", file=sys.stderr)
    return 1
