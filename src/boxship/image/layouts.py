"""The two forms of image archives, read into one: Docker's own (manifest.json) and the OCI image layout (index.json).

Docker writes both into one archive since version 25. Docker's form: moby, "image/spec"; OCI: image-layout.md,
manifest.md, image-index.md. In Docker's the names stand with the images; in OCI's, in annotations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from boxship.archive.entry import ArchiveError
from boxship.image.bundle import Bundle
from boxship.lib.errors import InvalidParameter
from boxship.model import digest as digests
from boxship.model import reference as references
from boxship.model.platform import Platform
from boxship.model.platform_choice import choose
from boxship.model.reference import Reference

# the full name, as containerd and Docker write it, and the tag alone (or, by skopeo and podman, whatever was given)
_NAME = "io.containerd.image.name"
_REF_NAME = "org.opencontainers.image.ref.name"
_DEEPEST_INDEX = 4


@dataclass(frozen=True, slots=True)
class Found:
    """An image of an archive: the names of its members, the layers lowest first, and the names it asks for.

    parent: the id of the image it was made from, if that is in the archive, too.
    """

    config: str
    layers: list[str]
    names: list[Reference]
    parent: str = ""


def find_images(bundle: Bundle, platform: Platform) -> list[Found]:
    """The images of an archive of either form; of an index, the one for the platform, else its first.

    ArchiveError, InvalidParameter when it is neither or is damaged.
    """
    if "manifest.json" in bundle:
        return _docker(bundle)
    if "index.json" in bundle:
        return _oci(bundle, platform)
    raise ArchiveError(
        "this is no image archive: it has neither manifest.json (docker save) nor index.json (OCI layout); "
        "the tar of a root file system is taken by import"
    )


def _docker(bundle: Bundle) -> list[Found]:
    images = []
    for item in _decode(bundle, "manifest.json", list):
        try:
            config, layers, tags = item["Config"], item.get("Layers") or [], item.get("RepoTags") or []
            names = [_tag(str(tag)) for tag in tags]
            images.append(Found(str(config), [str(layer) for layer in layers], names, str(item.get("Parent") or "")))
        except (TypeError, KeyError, AttributeError) as error:
            raise ArchiveError("manifest.json: an entry has no Config or no Layers") from error
    return images


def _tag(text: str) -> Reference:
    reference = references.parse(text)
    if not reference.tag:
        raise InvalidParameter(f'invalid tag "{text}"')
    return reference


def _oci(bundle: Bundle, platform: Platform) -> list[Found]:
    images: dict[str, Found] = {}
    descriptors = _list(_decode(bundle, "index.json", dict), "manifests", "index.json", empty=True)
    for descriptor in _one_a_name(descriptors, platform):
        digest = _manifest(bundle, descriptor, 0, platform)
        name = _name(descriptor.get("annotations") or {})
        if digest is None:
            continue
        path = _blob(digest)
        known = images.get(digest)
        if known is not None:
            known.names.extend(name)
            continue
        manifest = _decode(bundle, path, dict)
        config = manifest.get("config")
        if not isinstance(config, dict):
            raise ArchiveError(f"{path}: the manifest has no config")
        layers = [_blob(layer.get("digest")) for layer in _list(manifest, "layers", path)]
        images[digest] = Found(_blob(config.get("digest")), layers, name)
    if descriptors and not images:
        named = descriptors[0]["digest"]
        raise ArchiveError(f"the archive has none of the images that index.json names, such as {named}")
    return list(images.values())


def _one_a_name(descriptors: list[dict[str, Any]], platform: Platform) -> list[dict[str, Any]]:
    """Some writers put the images of several platforms side by side, under one name or none: one of them is meant."""
    kept: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for number, descriptor in enumerate(descriptors):
        annotations = descriptor.get("annotations") or {}
        name = tuple(str(annotations.get(key, "")) for key in (_NAME, _REF_NAME))
        kept.setdefault(name if descriptor.get("platform") else (str(number),), []).append(descriptor)
    return [same[(choose(platform, [(_platform(item), ()) for item in same]) or [0])[0]] for same in kept.values()]


def _platform(descriptor: dict[str, Any]) -> Platform | None:
    has = descriptor.get("platform")
    if not isinstance(has, dict):
        return None
    return Platform(*(str(has.get(key) or "") for key in ("os", "architecture", "variant")))


def _manifest(bundle: Bundle, descriptor: dict[str, Any], depth: int, platform: Platform) -> str | None:
    """The digest of the image manifest that a descriptor leads to: in an index, the one for the platform."""
    digest = descriptor.get("digest")
    path = _blob(digest)
    if path not in bundle:
        return None  # `docker save` leaves out what it does not have of an index
    content = _decode(bundle, path, dict)
    if "manifests" not in content:
        return str(digest)
    if depth >= _DEEPEST_INDEX:
        raise ArchiveError(f"{path}: indexes within indexes without end")
    children = _list(content, "manifests", path)
    fitting = choose(platform, [(_platform(child), ()) for child in children])
    others = [number for number in range(len(children)) if number not in fitting]
    for number in (*fitting, *others):
        has = _platform(children[number])
        if has is not None and has.os == "unknown":
            continue  # that marks attestations, which are no images
        found = _manifest(bundle, children[number], depth + 1, platform)
        if found is not None:
            return found
    return None


def _name(annotations: dict[str, Any]) -> list[Reference]:
    for key in (_NAME, _REF_NAME):
        text = annotations.get(key)
        # A tag without a repository, as the specification has it, names no image of ours.
        if isinstance(text, str) and text and (key == _NAME or "/" in text or ":" in text):
            reference = references.parse(text)
            return [reference.with_default_tag()] if not reference.digest else []
    return []


def _blob(digest: Any) -> str:
    if not isinstance(digest, str) or not digests.is_digest(digest):
        raise ArchiveError(f"the archive names content by {digest!r}, which is no digest")
    return f"blobs/{digest.replace(':', '/')}"


def _list(value: dict[str, Any], key: str, where: str, *, empty: bool = False) -> list[dict[str, Any]]:
    items = value.get(key)
    if items is None and empty and key in value:
        return []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ArchiveError(f"{where}: {key} is no list")
    return items


def _decode(bundle: Bundle, name: str, kind: type) -> Any:
    try:
        value = msgspec.json.decode(bundle.json(name))
    except msgspec.DecodeError as error:
        raise ArchiveError(f"{name}: {error}") from error
    if not isinstance(value, kind):
        raise ArchiveError(f"{name}: it should be a {'list' if kind is list else 'JSON object'}")
    return value
