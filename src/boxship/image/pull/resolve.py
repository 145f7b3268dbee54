"""From a name to one image: its manifest, by way of indexes, and its config."""

from dataclasses import dataclass
from typing import Any

from boxship.image.config import decode as decode_config
from boxship.image.pull.machine import best_platform
from boxship.lib.errors import BoxshipError, InvalidParameter, NotFound
from boxship.model.manifest import (
    ACCEPT,
    SCHEMA_1,
    SCHEMA_1_SIGNED,
    Descriptor,
    ImageManifest,
    Index,
    InvalidManifest,
    decode,
)
from boxship.model.platform import Platform, host
from boxship.model.platform_choice import choose
from boxship.registry.client import Manifest, Repository

# Asked for, too, since a registry that has nothing else then says so, and we can say what it is.
_ACCEPT = (*ACCEPT, SCHEMA_1_SIGNED, SCHEMA_1)
_DEEPEST_INDEX = 4


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a name stands for. digest: of what the registry has under the name, an index perhaps.

    config_blob: byte for byte; its digest is the image's id.
    """

    digest: str
    manifest: ImageManifest
    config_blob: bytes
    diff_ids: tuple[str, ...]


def ask(repository: Repository, name: str) -> Manifest:
    """What the registry has under a tag or digest. RegistryError."""
    return repository.manifest(name, _ACCEPT)


def resolve(repository: Repository, first: Manifest, platform: Platform | None) -> Resolved:
    """Go on from `ask` to one image. platform: None for this machine's, whichever of it is best.

    NotFound when the index has none for the platform; InvalidManifest, RegistryError, BoxshipError for a bad config.
    """
    manifest = _image(repository, decode(first.media_type, first.data), platform, 0)
    if manifest is None:
        raise NotFound(f"no matching manifest for {platform or host()} in the manifest list entries")
    blob = _config_blob(repository, manifest.config)
    return Resolved(first.digest, manifest, blob, _diff_ids(blob, manifest))


def _image(
    repository: Repository, found: ImageManifest | Index, platform: Platform | None, depth: int
) -> ImageManifest | None:
    if isinstance(found, ImageManifest):
        return found
    if depth >= _DEEPEST_INDEX:
        raise InvalidManifest("indexes within indexes without end")
    entries = [entry for entry in found.entries if entry.image]
    for number in choose(platform or best_platform(), [(entry.platform, entry.features) for entry in entries]):
        descriptor = entries[number].descriptor
        answer = repository.manifest(descriptor.digest, _ACCEPT)
        if len(answer.data) != descriptor.size:
            raise InvalidManifest(
                f"the manifest {descriptor.digest} has {len(answer.data)} bytes; the index says {descriptor.size}"
            )
        inner = _image(repository, decode(answer.media_type, answer.data), platform, depth + 1)
        if inner is not None:
            return inner
    return None


def _config_blob(repository: Repository, config: Descriptor) -> bytes:
    try:
        return repository.read_blob(config.digest, config.size)
    except BoxshipError as error:
        error.message = f"error pulling image configuration: {error.message}"
        raise


def _diff_ids(blob: bytes, manifest: ImageManifest) -> tuple[str, ...]:
    try:
        config: dict[str, Any] = decode_config(blob)
    except BoxshipError as error:
        raise BoxshipError(f"invalid rootfs in image configuration: {error.message}") from error
    system = config.get("os") or "linux"
    if system != "linux":
        raise InvalidParameter(
            f'image operating system "{system}" cannot be used on this platform: operating system is not supported'
        )
    diff_ids = tuple(config["rootfs"]["diff_ids"])
    if len(diff_ids) != len(manifest.layers):
        raise BoxshipError(
            f"layers from manifest don't match image configuration: {len(manifest.layers)} layers, "
            f"the configuration names {len(diff_ids)}"
        )
    for diff_id in diff_ids:
        if not diff_id.startswith("sha256:"):
            raise InvalidManifest(f"the layer {diff_id[:80]} is named by another digest than sha256")
    return diff_ids
