"""Digests: `algorithm:hex`, the names of content (OCI image spec, descriptor.md, "Digests")."""

import hashlib
import re

from boxship.lib.errors import InvalidParameter

# hexadecimal digits of each algorithm that the OCI image spec registers and Docker accepts
LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
# what may stand after the @ of a reference; whether it is a digest is checked apart: the error then says why
SHAPE = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}"
_SHAPE = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_LOWER_HEX = re.compile(r"[0-9a-f]+")


def validate(digest: str) -> None:
    """InvalidParameter unless `digest` names content: known algorithm, right length, lower-case hex."""
    if not _SHAPE.fullmatch(digest):
        raise InvalidParameter("invalid checksum digest format")
    algorithm, _, value = digest.partition(":")
    if algorithm not in LENGTHS:
        raise InvalidParameter("unsupported digest algorithm")
    if len(value) != LENGTHS[algorithm]:
        raise InvalidParameter("invalid checksum digest length")
    if not _LOWER_HEX.fullmatch(value):
        raise InvalidParameter("invalid checksum digest format")


def is_digest(text: str) -> bool:
    """Whether `validate` accepts `text`."""
    try:
        validate(text)
    except InvalidParameter:
        return False
    return True


def sha256(data: bytes) -> str:
    """The canonical digest of `data`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def hex_part(digest: str) -> str:
    """The digits behind the algorithm."""
    return digest.partition(":")[2]


def chain_ids(diff_ids: list[str]) -> list[str]:
    """The chain id of each layer, lowest first: it names a layer together with all below it.

    OCI image spec, config.md, "Layer ChainID".
    """
    chain: list[str] = []
    for diff_id in diff_ids:
        chain.append(sha256(f"{chain[-1]} {diff_id}".encode()) if chain else diff_id)
    return chain
