"""Manifests and indexes as registries hand them out: OCI's and Docker's schema 2, decoded strictly.

OCI image spec, manifest.md, image-index.md and descriptor.md; Docker's: distribution spec, manifest-v2-2.md. What is
here comes from strangers: whatever is not as it should be is refused in words, before anything is fetched for it.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.model import digest as digests
from boxship.model.platform import Platform

LARGEST_MANIFEST = 4 << 20
"""Bytes of a manifest or an index; registries take no larger ones (distribution spec, "Pushing Manifests")."""
LARGEST_CONFIG = 8 << 20
"""Bytes of an image config; the largest ones known have some 100 KB."""
MOST_LAYERS = 500
"""Layers of an image: as many as overlayfs stacks (fs/overlayfs, OVL_MAX_STACK)."""
MOST_ENTRIES = 10_000
"""Entries of an index."""
LARGEST_BLOB = 1 << 50

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+json"
SCHEMA_1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
ACCEPT = (DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX)
"""What a registry is asked for. Schema 1 is asked for as well where an error in words is wanted."""

OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_PLUGIN = "application/vnd.docker.plugin.v1+json"
OCI_TAR = "application/vnd.oci.image.layer.v1.tar"
OCI_GZIP = f"{OCI_TAR}+gzip"
OCI_ZSTD = f"{OCI_TAR}+zstd"
DOCKER_TAR = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_GZIP = f"{DOCKER_TAR}.gzip"
DOCKER_ZSTD = f"{DOCKER_TAR}.zstd"

_CONFIGS = frozenset((OCI_CONFIG, DOCKER_CONFIG))
_LAYERS = frozenset((OCI_TAR, OCI_GZIP, OCI_ZSTD, DOCKER_TAR, DOCKER_GZIP, DOCKER_ZSTD))
_FOREIGN = ("application/vnd.oci.image.layer.nondistributable.", "application/vnd.docker.image.rootfs.foreign.")
_MANIFESTS = frozenset((OCI_MANIFEST, DOCKER_MANIFEST))
_INDEXES = frozenset((OCI_INDEX, DOCKER_LIST))
# What servers say that know nothing of manifests: the document's own word counts then.
_VAGUE = frozenset(("", "application/json", "application/octet-stream", "text/plain"))
_REFERENCE_TYPE = "vnd.docker.reference.type"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Content by its digest. size: bytes."""

    media_type: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class ImageManifest:
    """One image. layers: the lowest first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """An image or another index of an index. platform: None where the index does not say.

    features: what its system must have beside (os.features). image: False for what is no image (an attestation, an
    artifact, a kind that is not known).
    """

    descriptor: Descriptor
    platform: Platform | None
    features: tuple[str, ...]
    image: bool


@dataclass(frozen=True, slots=True)
class Index:
    """Images for several platforms, in the index's order."""

    entries: tuple[Entry, ...]


class InvalidManifest(BoxshipError):
    """A manifest is damaged, hostile or of a kind that is no image."""


class UnsupportedContent(InvalidManifest):
    """A sound manifest of something that is no image, in Docker's words."""


def decode(media_type: str, data: bytes) -> ImageManifest | Index:
    """Read a manifest that came with this Content-Type. InvalidManifest."""
    if len(data) > LARGEST_MANIFEST:
        raise InvalidManifest(f"the manifest has {len(data)} bytes; {LARGEST_MANIFEST} are the most that is taken")
    said = media_type.partition(";")[0].strip().lower()
    if said in (SCHEMA_1, SCHEMA_1_SIGNED):
        raise _old()
    if said not in _MANIFESTS | _INDEXES | _VAGUE:
        raise InvalidManifest(f"unsupported manifest media type {_shown(said)}")
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidManifest(f"the manifest is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidManifest("the manifest is no JSON object")
    if value.get("schemaVersion") == 1 and said in _VAGUE:
        raise _old()
    if value.get("schemaVersion") != 2:
        raise InvalidManifest(f"the manifest's schemaVersion is {_shown(value.get('schemaVersion'))}, not 2")
    own = value.get("mediaType") or ""
    if said in _VAGUE:
        said = own or (OCI_INDEX if "manifests" in value else OCI_MANIFEST)
    if own not in (said, "") or said not in _MANIFESTS | _INDEXES:
        # One document that two programs read as two kinds: the one who trusts the digest must not be fooled.
        raise InvalidManifest(f"mediaType in manifest should be '{_shown(said)}' not '{_shown(own)}'")
    if said in _INDEXES:
        if "config" in value or "layers" in value:
            raise InvalidManifest("the manifest is an index and an image at once")
        return _index(value)
    if "manifests" in value:
        raise InvalidManifest("the manifest is an image and an index at once")
    return _image(value, said)


def _image(value: dict[str, Any], said: str) -> ImageManifest:
    config = _descriptor(value.get("config"), "config")
    if config.media_type not in _CONFIGS and said == DOCKER_MANIFEST:
        kind = "plugin" if config.media_type == DOCKER_PLUGIN else "unknown"
        raise InvalidManifest(f'Encountered remote "{_shown(config.media_type)}"({kind}) when fetching')
    if config.media_type not in _CONFIGS:
        raise UnsupportedContent(f"unsupported media type {_shown(config.media_type)}")
    if config.size > LARGEST_CONFIG:
        raise InvalidManifest(
            f"the image's config has {config.size} bytes; {LARGEST_CONFIG} are the most that is taken"
        )
    items = _list(value.get("layers"), "layers", MOST_LAYERS)
    layers = tuple(_descriptor(item, f"layers[{number}]") for number, item in enumerate(items))
    for layer, item in zip(layers, items, strict=True):
        if layer.media_type.startswith(_FOREIGN):
            raise InvalidManifest(
                f"the layer {layer.digest} is a foreign one ({layer.media_type}), which registries may not hand out; "
                "Boxship fetches nothing from the URLs that such layers name"
            )
        if layer.media_type not in _LAYERS:
            raise UnsupportedContent(f"unsupported media type {_shown(layer.media_type)}")
        if item.get("urls"):
            raise InvalidManifest(f"the layer {layer.digest} names URLs to be fetched from, which is not done")
    return ImageManifest(config, layers)


def _index(value: dict[str, Any]) -> Index:
    entries = []
    for number, item in enumerate(_list(value.get("manifests"), "manifests", MOST_ENTRIES)):
        where = f"manifests[{number}]"
        descriptor = _descriptor(item, where)
        platform, features = _platform(item.get("platform"), where)
        annotations = item.get("annotations")
        image = (
            descriptor.media_type in _MANIFESTS | _INDEXES
            and not item.get("artifactType")
            and not (isinstance(annotations, dict) and _REFERENCE_TYPE in annotations)
            and not (platform is not None and platform.os == "unknown")
        )
        entries.append(Entry(descriptor, platform, features, image))
    return Index(tuple(entries))


def _platform(value: Any, where: str) -> tuple[Platform | None, tuple[str, ...]]:
    if value is None:
        return None, ()
    if not isinstance(value, dict):
        raise InvalidManifest(f"{where}.platform is no object")
    words = [value.get(key) or "" for key in ("os", "architecture", "variant")]
    features = value.get("os.features") or []
    if not all(isinstance(word, str) for word in words) or not isinstance(features, list):
        raise InvalidManifest(f"{where}.platform is not what a platform should be")
    return Platform(*words), tuple(str(feature) for feature in features)


def _descriptor(value: Any, where: str) -> Descriptor:
    if not isinstance(value, dict):
        raise InvalidManifest(f"the manifest has no {where}" if value is None else f"{where} is no object")
    media_type, digest, size = value.get("mediaType"), value.get("digest"), value.get("size")
    if not isinstance(media_type, str):
        raise InvalidManifest(f"{where} has no mediaType")
    if not isinstance(digest, str):
        raise InvalidManifest(f"{where} has no digest")
    try:
        digests.validate(digest)
    except InvalidParameter as error:
        raise InvalidManifest(f"{where}: {error.message}: {_shown(digest)}") from error
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= LARGEST_BLOB:
        raise InvalidManifest(f"{where} has no size that could be one: {_shown(size)}")
    return Descriptor(media_type, digest, size)


def _list(value: Any, where: str, most: int) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidManifest(f"{where} is no list of objects")
    if len(value) > most:
        raise InvalidManifest(
            f"max depth exceeded: {where} has {len(value)} entries, {most} are the most that is taken"
        )
    return value


def _old() -> InvalidManifest:
    return InvalidManifest(
        "this is an image of 2015 (Docker manifest version 2, schema 1), which Docker and Boxship read no more; "
        "a new push of it by any Docker since 1.10 makes it readable"
    )


def _shown(value: Any) -> str:
    """Somebody else's value, short and printable."""
    text = str(value)
    return "".join(letter if letter.isprintable() else "?" for letter in text[:100])
