"""What a registry has under a name, without pulling it: `GET /distribution/{name}/json`."""

import json
from typing import Any

from boxship.engine.engine import Engine
from boxship.lib.bridge import bulk
from boxship.lib.errors import BoxshipError
from boxship.model import digest as digests
from boxship.model import reference as references
from boxship.model.reference import Reference, parse
from boxship.registry.credentials import Credentials

_PLATFORM = ("architecture", "os", "os.version", "os.features", "variant")


async def distribution(engine: Engine, name: str, credentials: Credentials) -> dict[str, Any]:
    """The body of the answer (API 1.51). InvalidParameter, RegistryError."""
    if references.is_identifier(name) or digests.is_digest(name):
        raise BoxshipError("no manifest found for full image ID")
    return await bulk(_ask, engine, parse(name).with_default_tag(), credentials)


def _ask(engine: Engine, reference: Reference, credentials: Credentials) -> dict[str, Any]:
    from boxship.registry.client import Registry
    from boxship.registry.errors import Untrusted

    with Registry(reference.domain, engine.config.registry, credentials) as registry:
        repository = registry.repository(reference.path)
        manifest = repository.manifest(reference.digest or reference.tag)
        try:
            value = json.loads(manifest.data)
            if isinstance(value.get("manifests"), list):
                platforms = [_platform(entry.get("platform") or {}) for entry in value["manifests"]]
            elif isinstance(value.get("config"), dict):
                blob = repository.read_blob(str(value["config"]["digest"]), int(value["config"]["size"]))
                platforms = [_platform(json.loads(blob))]
            else:
                platforms = []
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise Untrusted(f"the manifest of {reference.familiar} can't be read: {error}") from None
    media_type = value.get("mediaType") or manifest.media_type
    descriptor = {"mediaType": str(media_type), "digest": manifest.digest, "size": len(manifest.data)}
    return {"Descriptor": descriptor, "Platforms": platforms}


def _platform(value: dict[str, Any]) -> dict[str, Any]:
    """What of a descriptor's platform, or of a config, Docker shows."""
    shown = {key: value[key] for key in _PLATFORM if value.get(key)}
    return {"architecture": "", "os": "", **shown}
