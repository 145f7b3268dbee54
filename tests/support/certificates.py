"""Certificates of the tests' own, made by openssl(1) when they are needed.

With all that X509_V_FLAG_X509_STRICT asks for, which Python sets by default from 3.13 on.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    cert: Path
    key: Path


class Authority:
    """Signs certificates; `ca` is its own. Everything lies in `folder`."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.ca = folder / "ca.pem"
        self._key = folder / "ca-key.pem"
        self._openssl(
            "req", "-x509", *_KEY, "-subj", f"/CN={name}", "-days", "2", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign", "-keyout", str(self._key), "-out", str(self.ca),
        )  # fmt: skip

    def server(self, names: str) -> Pair:
        """A server's certificate. names: as in "IP:127.0.0.1,DNS:localhost"."""
        return self._sign("server", f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")

    def client(self) -> Pair:
        """A client's certificate, by the names that DOCKER_CERT_PATH wants: cert.pem, key.pem."""
        return self._sign("", "extendedKeyUsage=clientAuth\n")

    def _sign(self, name: str, extensions: str) -> Pair:
        prefix = f"{name}-" if name else ""
        pair = Pair(self.folder / f"{prefix}cert.pem", self.folder / f"{prefix}key.pem")
        request, wanted = self.folder / f"{prefix}request.pem", self.folder / f"{prefix}extensions"
        wanted.write_text(f"{extensions}subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        self._openssl(
            "req", "-new", *_KEY, "-subj", f"/CN={name or 'client'}", "-keyout", str(pair.key), "-out", str(request)
        )
        self._openssl(
            "x509", "-req", "-in", str(request), "-CA", str(self.ca), "-CAkey", str(self._key), "-CAcreateserial",
            "-days", "2", "-extfile", str(wanted), "-out", str(pair.cert),
        )  # fmt: skip
        return pair

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=60)
