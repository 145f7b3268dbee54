"""Certificates of registries, where Docker keeps them: `certs.d/HOST[:PORT]/` (docs.docker.com, "Verify repository
client with certificates").

`*.crt` are authorities that the host's certificate may be signed by, beside the system's; `*.cert` with the `*.key` of
the same name are who we are.
"""

import os
from dataclasses import dataclass

from boxship.lib.errors import InvalidParameter


@dataclass(frozen=True, slots=True)
class Certificates:
    """Paths. ca: authorities, beside the system's. pairs: certificate and key of ours."""

    ca: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()


def in_folders(folders: tuple[str, ...], host: str) -> Certificates:
    """What the folders have for `host`. InvalidParameter, in Docker's words, for half a pair."""
    ca: list[str] = []
    pairs: list[tuple[str, str]] = []
    if "/" in host or host in ("", ".", ".."):
        return Certificates()
    for folder in folders:
        place = f"{folder}/{host}"
        try:
            names = sorted(os.listdir(place))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise InvalidParameter(f"cannot read {place}: {error.strerror}") from None
        for name in names:
            stem, _, kind = name.rpartition(".")
            if kind == "crt":
                ca.append(f"{place}/{name}")
            elif kind == "cert":
                if f"{stem}.key" not in names:
                    raise InvalidParameter(
                        f"missing key {stem}.key for client certificate {name}. "
                        "CA certificates must use the extension .crt"
                    )
                pairs.append((f"{place}/{name}", f"{place}/{stem}.key"))
            elif kind == "key" and f"{stem}.cert" not in names:
                raise InvalidParameter(f"missing client certificate {stem}.cert for key {name}")
    return Certificates(tuple(ca), tuple(pairs))
