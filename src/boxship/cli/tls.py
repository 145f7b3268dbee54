"""--tls, --tlsverify and their files, DOCKER_TLS, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH: as the docker CLI reads them.

Imported only where one of them is given.
"""

import os

from boxship.cli.flags import Parsed
from boxship.client.host import TlsFiles, config_folder


def files(options: Parsed) -> TlsFiles | None:
    """What a connection over tcp:// needs; None when TLS is not asked for."""
    verify = options.on("tlsverify") if "tlsverify" in options.given else bool(os.environ.get("DOCKER_TLS_VERIFY"))
    asked = "tlsverify" in options.given or verify or options.on("tls") or bool(os.environ.get("DOCKER_TLS"))
    # A file of somebody's own is named for TLS and nothing else: never in the clear then.
    if not asked and not any(options.text(name) for name in ("tlscacert", "tlscert", "tlskey")):
        return None
    folder = os.environ.get("DOCKER_CERT_PATH") or config_folder()
    return TlsFiles(
        options.text("tlscacert") or f"{folder}/ca.pem",
        options.text("tlscert") or _if_there(f"{folder}/cert.pem"),
        options.text("tlskey") or _if_there(f"{folder}/key.pem"),
        verify=verify,
    )


def _if_there(path: str) -> str:
    return path if os.path.exists(path) else ""
