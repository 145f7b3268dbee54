"""The manifest of a push: Docker's, unless a layer is of a kind that Docker's has no name for."""

from __future__ import annotations

import json

import pytest

from boxship.image.push import LAYER, manifest_of
from boxship.image.sources import Source

CONFIG = "sha256:" + "c" * 64


def source(media_type: str) -> Source:
    return Source("r/x", "sha256:" + "a" * 64, 5, media_type)


def test_its_layout_is_dockers() -> None:
    """Byte for byte what Docker 28.5 sent for such an image, so that a push of what was pulled changes nothing."""
    media_type, data = manifest_of(CONFIG, 773, [source(LAYER)])
    assert media_type == "application/vnd.docker.distribution.manifest.v2+json"
    assert (
        data.decode()
        == f"""{{
   "schemaVersion": 2,
   "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
   "config": {{
      "mediaType": "application/vnd.docker.container.image.v1+json",
      "size": 773,
      "digest": "{CONFIG}"
   }},
   "layers": [
      {{
         "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
         "size": 5,
         "digest": "sha256:{"a" * 64}"
      }}
   ]
}}"""
    )


@pytest.mark.parametrize(
    ("media_types", "manifest", "layers"),
    [
        (["application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.layer.v1.tar"],
         "application/vnd.docker.distribution.manifest.v2+json",
         [LAYER, "application/vnd.docker.image.rootfs.diff.tar"]),
        ([LAYER, "application/vnd.oci.image.layer.v1.tar+zstd"],
         "application/vnd.oci.image.manifest.v1+json",
         ["application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.layer.v1.tar+zstd"]),
        (["application/vnd.docker.image.rootfs.diff.tar.zstd"],
         "application/vnd.oci.image.manifest.v1+json", ["application/vnd.oci.image.layer.v1.tar+zstd"]),
        ([], "application/vnd.docker.distribution.manifest.v2+json", []),
    ],
)  # fmt: skip
def test_types(media_types: list[str], manifest: str, layers: list[str]) -> None:
    media_type, data = manifest_of(CONFIG, 1, [source(kind) for kind in media_types])
    value = json.loads(data)
    assert media_type == value["mediaType"] == manifest
    assert [layer["mediaType"] for layer in value["layers"]] == layers
    assert ("oci" in value["config"]["mediaType"]) == ("oci" in manifest)
