"""A registry's refusals, as Docker tells them of a pull."""

from boxship.lib.errors import BoxshipError, NotFound
from boxship.model.reference import Reference
from boxship.registry.errors import AccessDenied, RegistryError


def explained(error: RegistryError, reference: Reference) -> BoxshipError:
    """The same refusal with the name it is about."""
    if isinstance(error, AccessDenied) or "denied" in error.codes:
        return NotFound(
            f"pull access denied for {reference.familiar_name}, repository does not exist or may require "
            f"'docker login': {error.message}"
        )
    if "manifest unknown" in error.codes:
        return NotFound(f"manifest for {reference.familiar} not found: {error.message}")
    if "name unknown" in error.codes:
        return NotFound(f"repository {reference.familiar_name} not found: {error.message}")
    return error
