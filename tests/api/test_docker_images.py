"""The real docker CLI moves images in and lists them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.support.archives import Entry as File
from tests.support.archives import Image, archive, busybox_root, digest, folder, layer
from tests.support.cli import Cli
from tools.base_image import debian_root


def test_load_keeps_the_id_that_docker_gives(docker: Cli, client_home: Path) -> None:
    """An image's id is the digest of its config, here as there."""
    image = Image(("bx-load/id:1",), (layer([folder("etc"), File("etc/x", b"x\n")]),), {"Cmd": ["/none"]})
    said = docker("load", stdin=archive([image])).succeeded()
    assert said.text == "Loaded image: bx-load/id:1"
    assert docker("image", "inspect", "-f", "{{.Id}}", "bx-load/id:1").succeeded().text == image.id
    layers = json.loads(docker("image", "inspect", "-f", "{{json .RootFS.Layers}}", "bx-load/id:1").succeeded().text)
    assert layers == [digest(data) for data in image.layers]
    docker("rmi", "bx-load/id:1").succeeded()


def test_load_without_a_name(docker: Cli) -> None:
    """An archive of an unnamed image is known by its id."""
    image = Image((), (layer([File("y", b"y\n")]),), {"Cmd": ["/y"]})
    said = docker("load", stdin=archive([image])).succeeded()
    assert said.text == f"Loaded image ID: {image.id}"
    docker("rmi", image.id).succeeded()


def test_load_twice_shares_layers(docker: Cli) -> None:
    """The same archive again changes nothing."""
    image = Image(("bx-load/twice:1",), (layer([File("z", b"z\n")]),))
    for _ in range(2):
        docker("load", stdin=archive([image])).succeeded()
    assert docker("images", "-q", "--no-trunc", "bx-load/twice").succeeded().lines == [image.id]
    docker("rmi", "bx-load/twice:1").succeeded()


def test_load_from_a_file(docker: Cli, tmp_path: Path) -> None:
    """load -i, and -q."""
    image = Image(("bx-load/file:1",), (layer([File("f", b"f\n")]),), compressed=True)
    (tmp_path / "image.tar").write_bytes(archive([image]))
    assert docker("load", "-q", "-i", str(tmp_path / "image.tar")).succeeded().text == "Loaded image: bx-load/file:1"
    docker("rmi", "bx-load/file:1").succeeded()


def test_whiteouts_and_layers(docker: Cli, name: str) -> None:
    """A file of a lower layer that an upper one removed is not there; a replaced one has the new content."""
    said = docker(
        "run", "--rm", "--name", name, "--entrypoint", "sh", "bx/rich:1", "-c", "ls /var/data; cat /etc/motd"
    ).succeeded()
    assert said.lines == ["three", "two", "a file of the second layer"]


def test_a_real_debian(docker: Cli, name: str) -> None:
    """`docker import` of a debootstrap root; apt's own tools run in it."""
    with debian_root().open("rb") as tar:
        done = subprocess.run(
            [*docker.program, "import", "-", "bx-debian:1"],
            stdin=tar,
            capture_output=True,
            env=docker.environment,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    said = docker(
        "run",
        "--rm",
        "--name",
        name,
        "bx-debian:1",
        "sh",
        "-c",
        "dpkg --print-architecture; stat -c %a /tmp /usr/bin/passwd",
    ).succeeded()
    assert said.lines[1:] == ["1777", "4755"]
    assert docker("run", "--rm", "bx-debian:1", "dpkg", "-V", "bash", "coreutils").succeeded().text == ""
    docker("rmi", "bx-debian:1").succeeded()


def test_an_archive_by_the_real_docker(docker: Cli) -> None:
    """`docker save` of a real Docker, where a peer runs; else an archive in the shape that it writes."""
    peer = os.environ.get("PEER_DOCKER_HOST", "")
    built = Image(("bx-peer/saved:1",), (layer([folder("d"), File("d/f", b"by the peer\n")]),), {"Cmd": ["/d/f"]})
    data = archive([built])
    if peer:
        there = Cli(docker.program, docker.environment | {"DOCKER_HOST": peer})
        there("load", stdin=data).succeeded()
        data = there("save", "bx-peer/saved:1").succeeded().out
        there("rmi", "bx-peer/saved:1").succeeded()
    docker("load", stdin=data).succeeded()
    assert docker("image", "inspect", "-f", "{{.Id}}", "bx-peer/saved:1").succeeded().text == built.id
    docker("rmi", "bx-peer/saved:1").succeeded()


def test_an_image_in_use_is_kept(docker: Cli, name: str, client_home: Path) -> None:
    """A running container holds its image: its last name is not taken away, and the message names who uses it."""
    root = busybox_root(client_home / "bin/busybox")
    docker("load", stdin=archive([Image(("bx-used:1",), (root, layer([File("u", b"u\n")])))])).succeeded()
    docker("run", "-d", "--name", name, "bx-used:1", "sleep", "100").succeeded()
    refused = docker("rmi", "bx-used:1")
    assert refused.code == 1
    assert "conflict" in refused.error
    assert docker("exec", name, "true").code == 0
    docker("rm", "-f", name).succeeded()
    docker("rmi", "bx-used:1").succeeded()
