"""A registry's refusals, as Docker tells them of a pull."""

from boxship.lib.errors import BoxshipError, NotFound, Throttled
from boxship.model.reference import DEFAULT_DOMAIN, Reference
from boxship.registry.errors import AccessDenied, RegistryError, TooManyRequests


def explained(error: RegistryError, reference: Reference) -> BoxshipError:
    """The same refusal with the name it is about."""
    if isinstance(error, AccessDenied) or "denied" in error.codes:
        return NotFound(
            f"pull access denied for {reference.familiar_name}, repository does not exist or may require "
            f"'docker login': {error.message}"
        )
    if "manifest unknown" in error.codes:
        return NotFound(f"manifest for {reference.familiar} not found: {error.message}")
    if isinstance(error, TooManyRequests):
        where = "" if reference.domain == DEFAULT_DOMAIN else f" {reference.domain}"
        return Throttled(
            f"{error.message}\n"
            f"  log in for more:     docker login{where}\n"
            f'  use a mirror:        mirrors in [registry."{reference.domain}"] of /etc/boxship/config.toml'
        )
    if "name unknown" in error.codes:
        return NotFound(f"repository {reference.familiar_name} not found: {error.message}")
    return error
