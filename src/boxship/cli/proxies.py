"""Proxies of docker's config.json: `proxies` gives new containers the variables that programs read. Pure."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_VARIABLES = {
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "noProxy": "NO_PROXY",
    "ftpProxy": "FTP_PROXY",
    "allProxy": "ALL_PROXY",
}


def add(body: "dict[str, Any]", proxies: "dict[str, Any]", host: str) -> None:
    """Put the proxies of this host, or of every host, into a container's environment, unless it has its own."""
    chosen = proxies.get(host) or proxies.get("default") or {}
    given = body["Env"] or []
    names = {entry.partition("=")[0] for entry in given}
    added = []
    for key, variable in _VARIABLES.items():
        for name in (variable, variable.lower()):
            if chosen.get(key) and name not in names:
                added.append(f"{name}={chosen[key]}")
    if added:
        body["Env"] = [*added, *given]
