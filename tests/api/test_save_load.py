"""docker save and load: the archive's form, and archives in the forms that others write."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.scenario.test_daemon_killed import until
from tests.support.api import Api
from tests.support.archives import Entry as File
from tests.support.archives import Image, archive, digest, folder, layer
from tests.support.cli import Cli
from tests.support.tars import Member, file, symlink, tar

LOWER = layer([folder("d"), File("d/lower", b"lower\n")])
UPPER = layer([File("d/upper", b"upper\n")])
TAR = {"Content-Type": "application/x-tar"}
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture
def image(api: Api) -> Iterator[Image]:
    """An image with two names, loaded; it goes at the end."""
    made = Image(("bx-save:1", "bx-save:2"), (LOWER, UPPER), {"Cmd": ["/x"]})
    assert api.request("POST", "/images/load", archive([made]), headers=TAR).status == 200
    yield made
    api.request("DELETE", f"/images/{made.id}?force=1")


def members(data: bytes) -> dict[str, bytes]:
    """The regular files of an archive, in its order."""
    with tarfile.open(fileobj=io.BytesIO(data)) as opened:
        return {member.name: opened.extractfile(member).read() for member in opened if member.isfile()}  # type: ignore[union-attr]


def save(api: Api, query: str) -> bytes:
    answer = api.request("GET", f"/images/{query}")
    assert answer.status == 200, answer.value
    assert answer.headers["content-type"] == "application/x-tar"
    assert answer.headers["content-length"] == str(len(answer.body))
    return answer.body


def test_both_forms_in_one_archive(api: Api, image: Image) -> None:
    files = members(save(api, "bx-save:1/get"))
    blobs = [name for name in files if name.startswith("blobs/sha256/")]
    assert list(files) == [*sorted(blobs), "index.json", "manifest.json", "oci-layout", "repositories"]
    for name in blobs:
        assert digest(files[name]) == f"sha256:{name[13:]}"
    (docker,) = json.loads(files["manifest.json"])
    assert docker["RepoTags"] == ["bx-save:1"]
    assert files[docker["Config"]] == image.document
    assert [files[name] for name in docker["Layers"]] == [LOWER, UPPER]
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["annotations"] == {
        "io.containerd.image.name": "docker.io/library/bx-save:1",
        "org.opencontainers.image.ref.name": "1",
    }
    manifest = json.loads(files[f"blobs/sha256/{entry['digest'][7:]}"])
    assert manifest["config"] == {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": image.id,
        "size": len(image.document),
    }
    assert [(one["digest"], one["size"]) for one in manifest["layers"]] == [
        (digest(data), len(data)) for data in (LOWER, UPPER)
    ]
    assert json.loads(files["repositories"]) == {"bx-save": {"1": digest(UPPER)[7:]}}
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}


def test_what_names_lead_to(api: Api, image: Image) -> None:
    tags = {
        "bx-save/get": ["bx-save:1", "bx-save:2"],
        f"{image.id}/get": None,
        f"{image.id[7:19]}/get": None,
        f"get?names=bx-save:2&names={image.id}&names=bx-save:1": ["bx-save:2", "bx-save:1"],
    }
    for query, expected in tags.items():
        (entry,) = json.loads(members(save(api, query))["manifest.json"])
        assert entry["RepoTags"] == expected
    several = members(save(api, "get?names=bx-save:1&names=bx/base:1"))
    assert [entry["RepoTags"] for entry in json.loads(several["manifest.json"])] == [["bx-save:1"], ["bx/base:1"]]
    assert list(members(save(api, "get"))) == ["index.json", "manifest.json", "oci-layout"]


def test_two_archives_are_equal(api: Api, image: Image) -> None:
    assert save(api, "bx-save/get") == save(api, "bx-save/get")


def test_a_reader_that_takes_its_time(api: Api, image: Image) -> None:
    """The whole archive comes, however slowly it is read."""
    response = api.stream("GET", "/images/bx/rich:1/get")
    data = b""
    while piece := response.read(70_001):
        data += piece
    assert data == save(api, "bx/rich:1/get")


def test_own_command_line(boxship: Cli, image: Image, tmp_path: Path) -> None:
    boxship("save", "-o", str(tmp_path / "x.tar"), "bx-save:1").succeeded()
    assert boxship("save", "bx-save:1").succeeded().out == (tmp_path / "x.tar").read_bytes()
    refused = boxship.terminal("save", "bx-save:1")
    refused.expect("cowardly refusing to save to a terminal")
    assert refused.wait() == 1
    refused.close()
    assert boxship("save", "-o", str(tmp_path / "y.tar"), "bx-none:1").code == 1
    assert os.listdir(tmp_path) == ["x.tar"]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, bytes])
def test_layers_by_any_compression(api: Api, pack: Any) -> None:
    made = Image(("bx-load:1",), (LOWER, UPPER))
    data = _oci([(made, None)], pack)
    assert _loaded(api, data) == ["Loaded image: bx-load:1\n"]
    assert api.request("GET", "/images/bx-load:1/json").json["Id"] == made.id
    assert api.request("DELETE", "/images/bx-load:1").status == 200


def test_an_index_of_several_platforms(api: Api) -> None:
    arm, amd = (Image(("bx-load:1",), (LOWER, UPPER), architecture=name) for name in ("arm64", "amd64"))
    data = _oci([(arm, "arm64"), (amd, "amd64")])
    for wanted in (arm, amd):
        platform = f'%7B"os":"linux","architecture":"{wanted.architecture}"%7D'.replace('"', "%22")
        assert _loaded(api, data, f"?platform={platform}") == ["Loaded image: bx-load:1\n"]
        assert api.request("GET", "/images/bx-load:1/json").json["Architecture"] == wanted.architecture
        api.request("DELETE", f"/images/{wanted.id}?force=1")
    assert _loaded(api, data) == ["Loaded image: bx-load:1\n"]
    here = Image((), ()).architecture
    assert api.request("GET", "/images/bx-load:1/json").json["Architecture"] == here
    api.request("DELETE", "/images/bx-load:1")


def test_an_old_archive_whose_layers_are_links(api: Api) -> None:
    made = Image(("bx-load:1",), (LOWER, LOWER, UPPER))
    names = ["aa/layer.tar", "bb/layer.tar", "cc/layer.tar"]
    manifest = [{"Config": "c.json", "RepoTags": ["bx-load:1"], "Layers": names}]
    data = tar(
        file(names[0], LOWER),
        symlink(names[1], "../aa/layer.tar"),
        file(names[2], UPPER),
        file("c.json", made.document),
        file("manifest.json", json.dumps(manifest).encode()),
    )
    assert _loaded(api, data) == ["Loaded image: bx-load:1\n"]
    assert api.request("GET", "/images/bx-load:1/json").json["Id"] == made.id
    api.request("DELETE", "/images/bx-load:1")


@pytest.mark.parametrize("cut", [700, 5000, -12_000])
def test_nothing_stays_of_what_is_cut_off(api: Api, cut: int) -> None:
    own = layer([File("only-here", b"x" * 4000)])
    before = api.request("GET", "/system/df").json["LayersSize"]
    answer = api.request("POST", "/images/load", archive([Image(("bx-load:1",), (own,))])[:cut], headers=TAR)
    assert b"errorDetail" in answer.body
    # What the tests before have removed may still be being deleted.
    until(lambda: api.request("GET", "/system/df").json["Disk"]["Unowned"] == 0, "removed files to go")
    assert api.request("GET", "/system/df").json["LayersSize"] == before


def _loaded(api: Api, data: bytes, query: str = "") -> list[str]:
    answer = api.request("POST", f"/images/load{query}", data, headers=TAR)
    return [json.loads(line)["stream"] for line in answer.body.splitlines()]


def _oci(images: list[tuple[Image, str | None]], pack: Any = bytes) -> bytes:
    """An OCI layout of one name: an image, or an index where platforms are given."""
    blobs: dict[str, bytes] = {}

    def put(data: bytes, media: str, **more: Any) -> dict[str, Any]:
        blobs[f"blobs/sha256/{digest(data)[7:]}"] = data
        return {"mediaType": media, "digest": digest(data), "size": len(data), **more}

    entries = []
    for image, architecture in images:
        layers = [put(pack(data), "application/vnd.oci.image.layer.v1.tar") for data in image.layers]
        config = put(image.document, "application/vnd.oci.image.config.v1+json")
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}).encode()
        place = {"platform": {"os": "linux", "architecture": architecture}} if architecture else {}
        entries.append(put(manifest, MANIFEST, **place))
    if len(entries) > 1:
        index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
        entries = [put(index, INDEX)]
    entries[0]["annotations"] = {"io.containerd.image.name": f"docker.io/library/{images[0][0].references[0]}"}
    top = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    found: list[Member] = [file(name, data) for name, data in sorted(blobs.items())]
    return tar(*found, file("index.json", top), file("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'))
