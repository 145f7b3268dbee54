"""docker login: does a registry accept these credentials?"""

import re

from boxship.engine.engine import Engine
from boxship.lib.bridge import bulk
from boxship.lib.errors import InvalidParameter
from boxship.model.reference import DEFAULT_DOMAIN, LEGACY_DOMAIN
from boxship.registry.credentials import Credentials, host_of

_HOST = re.compile(r"[A-Za-z0-9._-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")


async def auth(engine: Engine, credentials: Credentials) -> str:
    """Ask the registry that they are for; an identity token to keep in place of the password, "" for none.

    InvalidParameter for an address that is none; RegistryError when it says no or can't be asked.
    """
    host = host_of(credentials.server_address) if credentials.server_address else DEFAULT_DOMAIN
    if not _HOST.fullmatch(host):
        shown = credentials.server_address
        shown = shown if "://" in shown else f"https://{shown}"
        raise InvalidParameter(f'unable to parse server address: "{shown}" names no host')
    return await bulk(_ask, engine, DEFAULT_DOMAIN if host == LEGACY_DOMAIN else host, credentials)


def _ask(engine: Engine, host: str, credentials: Credentials) -> str:
    from boxship.registry.client import Registry

    with Registry(host, engine.config.registry, credentials) as registry:
        return registry.check_login()
