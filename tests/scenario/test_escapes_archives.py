"""Hostile archives, by every way into the engine that takes one: load, import, and into a container.

Whatever is in them: a clear error or what the archive says, inside; never a file outside, never a leftover, never an
answer of 500 without a reason. What single headers may hold is tested in tests/unit/archive and tests/kernel.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import Answer, Api
from tests.support.archives import Entry, Image, archive, digest, layer
from tests.support.engine import Engine
from tests.support.machine import files_below
from tests.support.tars import Member, file, folder, hardlink, symlink, tar

VICTIM = "boxship-escape-victim"
DEEP = 10_000

Send = Callable[[bytes], Answer]


def import_(api: Api, data: bytes) -> Answer:
    """docker import."""
    return api.request("POST", "/images/create?fromSrc=-&repo=bx/hostile&tag=1", data, timeout=110)


def load(api: Api, data: bytes) -> Answer:
    """docker load of an image with this layer, whose config tells its true digest."""
    document = Image(("bx/hostile:1",), (data,)).document
    return load_raw(api, bundle(document, {"layer.tar": data}, ["layer.tar"]))


def load_raw(api: Api, data: bytes) -> Answer:
    """docker load of exactly this."""
    return api.request("POST", "/images/load", data, headers={"Content-Type": "application/x-tar"}, timeout=110)


def bundle(document: bytes, files: dict[str, bytes], layers: list[str], config: str = "config.json") -> bytes:
    """An archive as old Dockers saved it."""
    manifest = [{"Config": config, "RepoTags": ["bx/hostile:1"], "Layers": layers}]
    entries = [Entry("config.json", document), *(Entry(path, data) for path, data in files.items())]
    return layer([*entries, Entry("manifest.json", json.dumps(manifest).encode())])


@pytest.fixture(params=["import", "load", "put into a running one", "put into a resting one"])
def send(request: pytest.FixtureRequest, api: Api, name: str) -> Send:
    """One of the ways."""
    if request.param == "import":
        return lambda data: import_(api, data)
    if request.param == "load":
        return lambda data: load(api, data)
    made = api.request("POST", f"/containers/create?name={name}", {"Image": "bx/base:1", "Cmd": ["sleep", "600"]})
    assert made.status == 201
    if "running" in request.param:
        assert api.request("POST", f"/containers/{name}/start").status == 204
    return lambda data: api.request("PUT", f"/containers/{name}/archive?path=/tmp", data, timeout=110)


def state_of(engine: Engine) -> set[str]:
    """What the engine keeps of images: files of its folders, two levels deep, and its images."""
    kept = set()
    for part in ("layers", "blobs", "tmp", "spool"):
        root = engine.data_root / part
        kept |= {path for path in files_below(root) if path.count("/") <= str(root).count("/") + 2}
    return kept | {image["Id"] for image in engine.api.request("GET", "/images/json?all=1").json}


@pytest.fixture(autouse=True)
def nothing_outside(engine: Engine, api: Api) -> Iterator[None]:
    """Nothing of the names that the archives use appears on the host, and what was refused leaves nothing."""
    victims = [Path(place, VICTIM) for place in ("/", "/etc", "/tmp", "/var/tmp", str(engine.data_root))]
    victims[2].write_text("safe")
    before = {path for path in state_of(engine) if "/.gone." not in path}
    yield
    api.request("DELETE", "/images/bx/hostile:1?force=1")
    deadline = time.monotonic() + 20
    while (now := state_of(engine)) != before and time.monotonic() < deadline:
        # Layers are deleted in the background.
        time.sleep(0.05)
    assert now == before
    assert [victim for victim in victims if victim.exists()] == [victims[2]]
    status = victims[2].stat()
    assert (victims[2].read_text(), status.st_nlink) == ("safe", 1)
    victims[2].unlink()
    assert api.request("GET", "/_ping").status == 200


def refused(answer: Answer) -> str:
    """The reason that a refusal gives."""
    if answer.status == 200:
        value = answer.value
        last = value[-1] if isinstance(value, list) else value
        assert isinstance(last, dict) and "errorDetail" in last, answer.value
        reason = str(last["errorDetail"]["message"])
    else:
        reason = str(answer.json["message"])
    assert reason and "Traceback" not in reason and "Errno" not in reason, reason
    return reason


def accepted(answer: Answer) -> bool:
    """Whether all of it was taken; a refusal has a reason."""
    if answer.status == 200 and b"errorDetail" not in answer.body:
        return True
    refused(answer)
    return False


OUT = "../" * 12


@pytest.mark.parametrize(
    "members",
    [
        (file(f"{OUT}tmp/{VICTIM}", b"x"),),
        (file(f"a/{OUT}etc/{VICTIM}", b"x"),),
        (hardlink("leak", f"{OUT}tmp/{VICTIM}"), file("leak", b"x")),
        (symlink("up", f"{OUT}tmp"), hardlink("leak", f"up/{VICTIM}"), file("leak", b"x")),
        (hardlink("leak", f"/tmp/{VICTIM}"), file("leak", b"x")),
    ],
    ids=["dots", "dots within", "hard link by dots", "hard link by a link", "hard link by an absolute path"],
)
def test_what_is_refused(send: Send, members: tuple[Member, ...]) -> None:
    refused(send(tar(*members)))


@pytest.mark.parametrize(
    "members",
    [
        (file(f"/tmp/{VICTIM}", b"x"), file(f"//etc/{VICTIM}", b"x")),
        (symlink("out", "/tmp"), file(f"out/{VICTIM}", b"x")),
        (symlink("out", f"{OUT}tmp"), file(f"out/{VICTIM}", b"x"), folder("out/deep"), file(f"out/deep/{VICTIM}")),
        (symlink("proc", "/proc/self/root"), file(f"proc/tmp/{VICTIM}", b"x")),
        (symlink(VICTIM, f"/tmp/{VICTIM}"), file(VICTIM, b"x")),
        (symlink("a", "b"), symlink("b", "a"), file("a/x", b"x")),
        (folder("d"), file("d/x"), symlink("d", f"{OUT}etc"), file(f"d/{VICTIM}", b"x")),
        (file(f".wh.{OUT}", b""), file("a/.wh..", b"")),
        (symlink("out", f"{OUT}tmp"), file(f"out/.wh.{VICTIM}"), file("out/.wh..wh..opq")),
        (Member("disk", tarfile.BLKTYPE, device=(8, 0)), Member("memory", tarfile.CHRTYPE, device=(1, 1))),
        (Member("pipe", tarfile.FIFOTYPE), file("pipe", b"x"), Member("pipe", tarfile.FIFOTYPE)),
        (symlink("x", "/" * 4000), file("x/" + VICTIM, b"x")),
        (file("a" * 255, b"x"), file("/".join(["b" * 200] * 18), b"x")),
    ],
    ids=range(13),
)
def test_what_stays_inside_or_is_refused(send: Send, members: tuple[Member, ...]) -> None:
    accepted(send(tar(*members)))


def test_folders_ten_thousand_deep(send: Send) -> None:
    """Their path is far longer than any the kernel takes: told, and what was made of it is gone again."""
    path = "/".join(["d"] * DEEP)
    accepted(send(tar(folder(path))))
    # Each with an entry of its own, through links that fold the path.
    members = [folder("d")]
    for number in range(200):
        members += [folder(f"d/{'x/' * number}x" if number < 60 else f"l{number}/x")]
        members += [symlink(f"l{number + 1}", f"d/{'x/' * min(number, 60)}x" if number < 60 else f"l{number}/x")]
    accepted(send(tar(*members)))


@pytest.mark.parametrize(
    "damage", ["cut", "cut gzip", "bad gzip", "bad sum", "garbage", "empty gzip", "cut in a header"]
)
def test_damaged_ones(send: Send, damage: str) -> None:
    whole = tar(file("one", os.urandom(300_000)), file("two", b"2" * 5000))
    damaged = {
        "cut": whole[:200_000],
        "cut gzip": gzip.compress(whole)[:100_000],
        "bad gzip": gzip.compress(whole)[:50_000] + b"\0" * 100_000,
        "bad sum": gzip.compress(whole)[:-8] + b"\0" * 8,
        "garbage": os.urandom(20_000),
        "empty gzip": b"\x1f\x8b\x08\0\0\0\0\0",
        "cut in a header": whole[:300],
    }[damage]
    refused(send(damaged))


def test_a_bomb_of_headers(send: Send) -> None:
    """A name and a comment that never end: bounded, before memory is."""
    accepted(send(tar(file("x", pax={"size": ""}))))
    for header in ("path", "comment", "linkpath", "SCHILY.xattr.user.x"):
        accepted(send(tar(file("x", pax={header: "A" * (3 << 20)}))))
    endless = zlib.compressobj(9, wbits=31)
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 8 << 30
    packed = endless.compress(info.tobuf(tarfile.GNU_FORMAT)) + endless.compress(b"a" * (64 << 20)) + endless.flush()
    refused(send(packed))


@pytest.mark.parametrize("size", ["-1", "9" * 30, str(1 << 62), "x"])
def test_sizes_that_are_none(send: Send, size: str) -> None:
    refused(send(tar(file("x", b"content", pax={"size": size}))))


def test_a_file_of_many_terabytes_without_content(send: Send) -> None:
    """A sparse file takes no room; where the file system has no such size, it is told."""
    pax = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.realsize": str(1 << 60),
        "GNU.sparse.name": "x",
    }
    accepted(send(tar(file("x", b"0\n" + b"\0" * 510, pax=pax))))


# -- what is around the layers


def hostile_bundles() -> dict[str, bytes]:
    """Archives for load whose own files are hostile."""
    root = tar(file("etc/x", b"x"))
    good = Image(("bx/hostile:1",), (root,)).document
    wrong = json.loads(good)
    wrong["rootfs"]["diff_ids"] = [digest(b"another")]
    nested: Any = []
    for _ in range(5000):
        nested = [nested]
    deep = b"[" * 100_000 + b"]" * 100_000
    # Of layers that the engine has, no file is looked for.
    other = tar(file("etc/y", b"y"))
    unknown = Image(("bx/hostile:1",), (other,)).document
    found = {
        "wrong digest": bundle(json.dumps(wrong).encode(), {"layer.tar": root}, ["layer.tar"]),
        "config by dots": bundle(good, {"layer.tar": root}, ["layer.tar"], config=f"{OUT}etc/passwd"),
        "config by an absolute path": bundle(good, {"layer.tar": root}, ["layer.tar"], config="/etc/passwd"),
        "layer by dots": bundle(good, {"layer.tar": root}, [f"{OUT}etc/passwd"]),
        "layer by an absolute path": bundle(unknown, {"layer.tar": other}, ["/etc/passwd"]),
        "layer that is not there": bundle(good, {}, ["layer.tar"]),
        "more layers": bundle(good, {"layer.tar": root}, ["layer.tar"] * 500),
        "digests that are paths": bundle(
            good.replace(digest(root).encode(), b"sha256:../../../../etc/passwd"), {"layer.tar": root}, ["layer.tar"]
        ),
        "digest of another algorithm": bundle(
            good.replace(digest(root).encode(), b"md5:" + b"0" * 32), {"layer.tar": root}, ["layer.tar"]
        ),
        "deep json": bundle(deep, {"layer.tar": root}, ["layer.tar"]),
        "config that is a list": bundle(b"[]", {"layer.tar": root}, ["layer.tar"]),
        "config that is text": bundle(b'"x"', {"layer.tar": root}, ["layer.tar"]),
        "rootfs that is none": bundle(b'{"rootfs": 7}', {"layer.tar": root}, ["layer.tar"]),
        "config of other types": bundle(
            good.replace(b'"config":{}', b'"config":{"Env":7,"Cmd":{"a":1},"Volumes":[1],"User":[]}'),
            {"layer.tar": root},
            ["layer.tar"],
        ),
        "names that are none": bundle(good, {"layer.tar": root}, ["layer.tar"]).replace(
            b"bx/hostile:1", b"../../../..:"
        ),
        "manifest that is a list of numbers": layer([Entry("manifest.json", b"[1, 2]")]),
        "manifest that is deep": layer([Entry("manifest.json", deep)]),
        "manifest that is a link": layer([Entry("manifest.json", "/etc/passwd", tarfile.SYMTYPE)]),
        "index by dots": layer(
            [
                Entry("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
                Entry("index.json", json.dumps({"manifests": [{"digest": f"sha256:{OUT}etc/passwd"}]}).encode()),
            ]
        ),
        "index that is itself": layer(
            [
                Entry("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
                Entry("index.json", json.dumps({"manifests": [{"digest": "sha256:" + "0" * 64}]}).encode()),
            ]
        ),
        "nothing": layer([]),
    }
    for kind, entry in (
        ("link", Entry("layer.tar", "/etc/passwd", tarfile.SYMTYPE)),
        ("link up", Entry("layer.tar", f"{OUT}etc/passwd", tarfile.SYMTYPE)),
        ("hard link", Entry("layer.tar", "/etc/passwd", tarfile.LNKTYPE)),
        ("device", Entry("layer.tar", b"", tarfile.BLKTYPE, device=(8, 0))),
        ("fifo", Entry("layer.tar", b"", tarfile.FIFOTYPE)),
        ("folder", Entry("layer.tar", b"", tarfile.DIRTYPE)),
    ):
        manifest = [{"Config": "config.json", "RepoTags": ["bx/hostile:1"], "Layers": ["layer.tar"]}]
        entries = [Entry("config.json", good), entry, Entry("manifest.json", json.dumps(manifest).encode())]
        found[f"layer that is a {kind}"] = layer(entries)
    return found


@pytest.mark.parametrize("kind", hostile_bundles())
def test_what_is_around_layers(api: Api, kind: str) -> None:
    refused(load_raw(api, hostile_bundles()[kind]))


def test_a_changed_blob_is_seen(api: Api) -> None:
    """In an OCI layout a file's name is its digest."""
    image = Image(("bx/hostile:1",), (tar(file("x", b"original")),))
    whole = archive([image])
    refused(load_raw(api, whole.replace(b"original", b"changed!")))
    for changed in (b"made for tests", b'"layers"', b"linux"):
        reason = refused(load_raw(api, whole.replace(changed, bytes(reversed(changed)))))
        assert "damaged" in reason or "manifest" in reason, reason


def test_the_engine_reads_no_file_of_the_host_for_an_archive(api: Api) -> None:
    """fromSrc names no file, and no address is fetched that the engine does not know how to."""
    for source in ("/etc/passwd", "file:///etc/passwd", "../../etc/passwd", "gopher://localhost/x"):
        answer = api.request("POST", f"/images/create?fromSrc={source}&repo=bx/hostile")
        assert answer.status >= 400 or b"errorDetail" in answer.body
        assert b"root:" not in answer.body


def test_the_way_in_is_a_stream(api: Api) -> None:
    """A client that goes in the middle leaves nothing; see `nothing_outside`."""
    whole = archive([Image(("bx/hostile:1",), (tar(file("x", os.urandom(2_000_000))),))])
    refused(load_raw(api, whole[:1_000_000]))
    with tarfile.open(fileobj=io.BytesIO(whole)) as names:
        assert "manifest.json" in names.getnames()
