"""What the bodies of connect and disconnect share."""

from typing import Any

from boxship.lib.errors import InvalidParameter


def container_of(body: Any) -> str:
    """The container that a body names. InvalidParameter."""
    value = body.get("Container") if isinstance(body, dict) else None
    if not isinstance(value, str):
        raise InvalidParameter('the body names no container: {"Container": NAME}')
    return value
