"""Image archives of both forms, read into one."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boxship.archive.entry import ArchiveError
from boxship.image.bundle import Bundle
from boxship.image.layouts import Found, find_images
from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.model import platform
from boxship.model.digest import sha256
from tests.support.tars import Member, file, hardlink, symlink, tar


@pytest.fixture
def bundle(tmp_path: Path) -> Callable[..., Bundle]:
    """Makes a bundle of members; its files lie below tmp_path."""
    numbers = itertools.count()
    return lambda *members: Bundle(io.BytesIO(tar(*members)).read, lambda: str(tmp_path / str(next(numbers))))


def blob(value: Any) -> Member:
    """A member of an OCI layout, named by its digest."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return file(f"blobs/{sha256(data).replace(':', '/')}", data)


def digest(member: Member) -> str:
    """The digest of a blob."""
    return sha256(member.data)


def index(*descriptors: dict[str, Any]) -> Member:
    """index.json"""
    return file("index.json", json.dumps({"schemaVersion": 2, "manifests": list(descriptors)}).encode())


def find_images_here(bundle: Bundle) -> list[Found]:
    """Its images for this machine."""
    return find_images(bundle, platform.host())


CONFIG, LAYER = blob({"config": 1}), blob(b"layer")
MANIFEST = blob({"config": {"digest": digest(CONFIG)}, "layers": [{"digest": digest(LAYER)}]})
OTHER = blob({"config": {"digest": digest(LAYER)}, "layers": []})


def test_dockers_form(bundle: Callable[..., Bundle]) -> None:
    manifest = [
        {"Config": "c.json", "RepoTags": ["a:1", "localhost:5000/b:2"], "Layers": ["x/layer.tar", "y/layer.tar"]},
        {"Config": "d.json", "RepoTags": None, "Layers": None},
    ]
    first, second = find_images_here(bundle(file("manifest.json", json.dumps(manifest).encode())))
    assert (first.config, first.layers) == ("c.json", ["x/layer.tar", "y/layer.tar"])
    assert [name.familiar for name in first.names] == ["a:1", "localhost:5000/b:2"]
    assert (second.layers, second.names) == ([], [])


@pytest.mark.parametrize(
    ("annotations", "names"),
    [
        ({}, []),
        ({"io.containerd.image.name": "docker.io/library/a:1", "org.opencontainers.image.ref.name": "1"}, ["a:1"]),
        ({"org.opencontainers.image.ref.name": "1"}, []),
        ({"org.opencontainers.image.ref.name": "a:1"}, ["a:1"]),
        ({"org.opencontainers.image.ref.name": "example.org/a/b"}, ["example.org/a/b:latest"]),
        ({"io.containerd.image.name": f"a@{digest(CONFIG)}"}, []),
    ],
)
def test_names_in_an_oci_layout(bundle: Callable[..., Bundle], annotations: dict[str, str], names: list[str]) -> None:
    (found,) = find_images_here(
        bundle(CONFIG, LAYER, MANIFEST, index({"digest": digest(MANIFEST), "annotations": annotations}))
    )
    assert [name.familiar for name in found.names] == names
    assert (found.config, found.layers) == (CONFIG.path, [LAYER.path])


def test_one_image_with_two_names_is_one(bundle: Callable[..., Bundle]) -> None:
    descriptors = [{"digest": digest(MANIFEST), "annotations": {"io.containerd.image.name": f"a:{n}"}} for n in (1, 2)]
    (found,) = find_images_here(bundle(CONFIG, LAYER, MANIFEST, index(*descriptors)))
    assert [name.familiar for name in found.names] == ["a:1", "a:2"]


def test_an_index_gives_the_image_for_this_machine(bundle: Callable[..., Bundle]) -> None:
    here = platform.host()
    inner = blob(
        {
            "manifests": [
                {"digest": digest(OTHER), "platform": {"os": "unknown", "architecture": "unknown"}},
                {"digest": digest(OTHER), "platform": {"os": "plan9", "architecture": here.architecture}},
                {"digest": digest(blob(b"not in the archive")), "platform": {"os": "linux", "architecture": "mips"}},
                {"digest": digest(MANIFEST), "platform": {"os": here.os, "architecture": here.architecture}},
            ]
        }
    )
    (found,) = find_images_here(bundle(CONFIG, LAYER, MANIFEST, OTHER, inner, index({"digest": digest(inner)})))
    assert found.config == CONFIG.path


def test_an_image_for_another_machine_is_taken_when_it_is_the_only_one(bundle: Callable[..., Bundle]) -> None:
    inner = blob({"manifests": [{"digest": digest(OTHER), "platform": {"os": "linux", "architecture": "mips"}}]})
    (found,) = find_images_here(bundle(OTHER, inner, index({"digest": digest(inner)})))
    assert found.config == LAYER.path


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ((file("etc/passwd", b"x"),), "neither manifest.json"),
        ((), "neither manifest.json"),
        ((file("manifest.json", b"[{"),), "manifest.json: "),
        ((file("manifest.json", b"{}"),), "it should be a list"),
        ((file("manifest.json", b"[{}]"),), "no Config"),
        ((file("manifest.json", b'["x"]'),), "no Config"),
        ((file("index.json", b"[]"),), "it should be a JSON object"),
        ((file("index.json", b"{}"),), "manifests is no list"),
        ((index({"digest": "../../etc/passwd"}),), "no digest"),
        ((index({"digest": digest(CONFIG)}), CONFIG), "the manifest has no config"),
        ((Member("manifest.json", data=bytes(9 << 20)),), "that is no image metadata"),
    ],
)
def test_what_is_no_image_archive(bundle: Callable[..., Bundle], members: tuple[Member, ...], message: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        find_images_here(bundle(*members))
    assert message in caught.value.message


@pytest.mark.parametrize("tag", ["UP:1", "a", "a@b", "a b:1"])
def test_bad_names_are_refused(bundle: Callable[..., Bundle], tag: str) -> None:
    manifest = json.dumps([{"Config": "c", "RepoTags": [tag], "Layers": []}]).encode()
    with pytest.raises(InvalidParameter):
        find_images_here(bundle(file("manifest.json", manifest)))


def test_indexes_in_a_circle_cannot_be_and_deep_ones_are_refused(bundle: Callable[..., Bundle]) -> None:
    inner, members = MANIFEST, [CONFIG, LAYER, MANIFEST]
    for _ in range(6):
        inner = blob({"manifests": [{"digest": digest(inner)}]})
        members.append(inner)
    with pytest.raises(ArchiveError, match="without end"):
        find_images_here(bundle(*members, index({"digest": digest(inner)})))


def test_members_by_link_within_the_archive(bundle: Callable[..., Bundle], tmp_path: Path) -> None:
    with bundle(
        file("a/layer.tar", b"1"),
        symlink("b/layer.tar", "../a/layer.tar"),
        hardlink("c", "a/layer.tar"),
        symlink("out", "../../../../a/layer.tar"),
        symlink("absolute", "/etc/passwd"),
        symlink("circle", "circle"),
        file("twice", b"old"),
        file("./twice", b"new"),
    ) as archive:
        one = archive.member("a/layer.tar")
        for name in ("b/layer.tar", "c", "out", "./a//layer.tar", "/a/layer.tar"):
            assert archive.member(name) == one
        assert archive.json("twice") == b"new"
        with pytest.raises(ArchiveError, match="has no file"):
            archive.member("absolute")
        with pytest.raises(BoxshipError, match="back to itself"):
            archive.member("circle")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_archive_leaves_no_file(tmp_path: Path) -> None:
    numbers = itertools.count()
    data = tar(file("a", b"1"), file("b", b"x" * 5000))[:-9000]
    with pytest.raises(ArchiveError):
        Bundle(io.BytesIO(data).read, lambda: str(tmp_path / str(next(numbers))))
    assert list(tmp_path.iterdir()) == []
