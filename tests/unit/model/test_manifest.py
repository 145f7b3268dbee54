"""Manifests are read strictly: what is not as it should be is refused in words, whatever it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.model import manifest
from boxship.model.manifest import Descriptor, ImageManifest, Index, InvalidManifest, decode
from boxship.model.platform import Platform

DIGEST = "sha256:" + "ab" * 32
CONFIG = {"mediaType": manifest.OCI_CONFIG, "digest": DIGEST, "size": 2}
LAYER = {"mediaType": manifest.OCI_GZIP, "digest": DIGEST, "size": 7}
IMAGE = {"schemaVersion": 2, "mediaType": manifest.OCI_MANIFEST, "config": CONFIG, "layers": [LAYER]}
ENTRY = {"mediaType": manifest.OCI_MANIFEST, "digest": DIGEST, "size": 9}
INDEX = {"schemaVersion": 2, "mediaType": manifest.OCI_INDEX, "manifests": [ENTRY]}


def read(value: Any, media_type: str = "") -> ImageManifest | Index:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return decode(media_type or (value.get("mediaType", "") if isinstance(value, dict) else ""), data)


def test_an_image() -> None:
    layer = Descriptor(manifest.OCI_GZIP, DIGEST, 7)
    expected = ImageManifest(Descriptor(manifest.OCI_CONFIG, DIGEST, 2), (layer,))
    assert read(IMAGE) == expected
    assert read(IMAGE, f"{manifest.OCI_MANIFEST}; charset=utf-8") == expected
    assert read({**IMAGE, "layers": None}) == ImageManifest(expected.config, ())


@pytest.mark.parametrize("said", ["", "application/json", "text/plain", "application/octet-stream"])
def test_where_the_server_knows_nothing_the_document_says_what_it_is(said: str) -> None:
    data = json.dumps(IMAGE).encode()
    assert isinstance(decode(said, data), ImageManifest)
    assert isinstance(decode(said, json.dumps(INDEX).encode()), Index)
    bare = {key: value for key, value in INDEX.items() if key != "mediaType"}
    assert isinstance(decode(said, json.dumps(bare).encode()), Index)


def test_an_index_passes_over_what_is_no_image() -> None:
    entries = [
        {**ENTRY, "platform": {"os": "linux", "architecture": "arm", "variant": "v7", "os.features": ["x"]}},
        ENTRY,
        {**ENTRY, "platform": {"os": "unknown", "architecture": "unknown"}},
        {**ENTRY, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
        {**ENTRY, "artifactType": "application/vnd.example.sbom"},
        {**ENTRY, "mediaType": "application/vnd.example.thing"},
        {**ENTRY, "mediaType": manifest.DOCKER_LIST},
    ]
    index = read({**INDEX, "manifests": entries})
    assert isinstance(index, Index)
    assert [entry.image for entry in index.entries] == [True, True, False, False, False, False, True]
    assert index.entries[0].platform == Platform("linux", "arm", "v7")
    assert index.entries[0].features == ("x",)
    assert index.entries[1].platform is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"", "no JSON"),
        (b"{not", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "schemaVersion is None"),
        ({**IMAGE, "schemaVersion": 3}, "schemaVersion is 3"),
        ({**IMAGE, "schemaVersion": "2"}, "schemaVersion"),
        ({**IMAGE, "manifests": []}, "an image and an index at once"),
        ({**INDEX, "layers": []}, "an index and an image at once"),
        ({**IMAGE, "config": None}, "no config"),
        ({**IMAGE, "config": []}, "config is no object"),
        ({**IMAGE, "config": {**CONFIG, "mediaType": "application/vnd.x"}}, "unsupported media type application/vnd.x"),
        ({**IMAGE, "config": {**CONFIG, "size": 100 << 20}}, "most that is taken"),
        ({**IMAGE, "config": {**CONFIG, "digest": "sha256:zz"}}, "config: invalid checksum digest"),
        ({**IMAGE, "config": {**CONFIG, "digest": "md5:" + "a" * 32}}, "unsupported digest algorithm"),
        ({**IMAGE, "layers": {}}, "layers is no list"),
        ({**IMAGE, "layers": ["x"]}, "layers is no list"),
        ({**IMAGE, "layers": [LAYER] * 501}, "max depth exceeded"),
        ({**IMAGE, "layers": [{**LAYER, "size": -1}]}, r"layers\[0\] has no size"),
        ({**IMAGE, "layers": [{**LAYER, "size": 1.5}]}, r"layers\[0\] has no size"),
        ({**IMAGE, "layers": [{**LAYER, "size": True}]}, r"layers\[0\] has no size"),
        ({**IMAGE, "layers": [{**LAYER, "size": 1 << 60}]}, r"layers\[0\] has no size"),
        ({**IMAGE, "layers": [{**LAYER, "digest": 5}]}, r"layers\[0\] has no digest"),
        ({**IMAGE, "layers": [{**LAYER, "mediaType": None}]}, r"layers\[0\] has no mediaType"),
        ({**IMAGE, "layers": [{**LAYER, "mediaType": "text/html"}]}, "unsupported media type text/html"),
        ({**IMAGE, "layers": [{**LAYER, "mediaType": "a\n\x1b[31m"}]}, r"unsupported media type a\?\?\[31m"),
        ({**IMAGE, "layers": [{**LAYER, "urls": ["http://x"]}]}, "URLs"),
        (
            {**IMAGE, "layers": [{**LAYER, "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}]},
            "foreign",
        ),
        (
            {**IMAGE, "layers": [{**LAYER, "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar"}]},
            "foreign",
        ),
        ({**INDEX, "manifests": [ENTRY] * 10_001}, "max depth exceeded"),
        ({**INDEX, "manifests": [{**ENTRY, "platform": "linux"}]}, "platform is no object"),
        ({**INDEX, "manifests": [{**ENTRY, "platform": {"os": 1}}]}, "not what a platform"),
        (b" " * ((4 << 20) + 1), "4194305 bytes"),
    ],
)
def test_what_is_refused(value: Any, words: str) -> None:
    said = value["mediaType"] if isinstance(value, dict) else manifest.OCI_MANIFEST
    with pytest.raises(InvalidManifest, match=words):
        read(value, said)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (manifest.DOCKER_MANIFEST, "mediaType in manifest should be"),
        (manifest.OCI_INDEX, "mediaType in manifest should be"),
        (manifest.SCHEMA_1, "schema 1"),
        (manifest.SCHEMA_1_SIGNED, "schema 1"),
        ("text/html", "unsupported manifest media type text/html"),
    ],
)
def test_the_server_and_the_document_must_agree(said: str, words: str) -> None:
    with pytest.raises(InvalidManifest, match=words):
        read(IMAGE, said)


def test_schema_1_is_known_by_its_number_too() -> None:
    with pytest.raises(InvalidManifest, match="schema 1"):
        decode("application/json", b'{"schemaVersion": 1, "fsLayers": []}')


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just(DIGEST),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from([IMAGE, INDEX]), st.lists(st.tuples(st.integers(0, 20), _JSON), max_size=4))
def test_no_document_does_more_than_be_refused(start: dict[str, Any], changes: list[tuple[int, Any]]) -> None:
    document: dict[str, Any] = json.loads(json.dumps(start))
    for place, value in changes:
        spots: list[tuple[Any, Any]] = []
        _spots(document, spots)
        holder, key = spots[place % len(spots)]
        holder[key] = value
        if not document:
            return
    try:
        decode(str(start["mediaType"]), json.dumps(document).encode())
    except InvalidManifest as error:
        assert error.message.isprintable()


def _spots(value: Any, found: list[tuple[Any, Any]]) -> None:
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        found.append((value, key))
        _spots(value[key], found)
