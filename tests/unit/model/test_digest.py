"""Digests and chain ids."""

import hashlib

import pytest

from boxship.lib.errors import InvalidParameter
from boxship.model import digest

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"sha256:{HEX[:-1]}", "invalid checksum digest length"),
        (f"sha256:{HEX.upper()}", "invalid checksum digest format"),
        (f"md5:{HEX[:32]}", "unsupported digest algorithm"),
        (HEX, "invalid checksum digest format"),
        ("", "invalid checksum digest format"),
        (f"sha256:{HEX}\n", "invalid checksum digest format"),
    ],
)
def test_what_is_no_digest(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        digest.validate(text)
    assert caught.value.message == message
    assert not digest.is_digest(text)


def test_sha256_is_canonical() -> None:
    assert digest.sha256(b"") == "sha256:" + hashlib.sha256().hexdigest()
    assert digest.is_digest(digest.sha256(b"x"))


def test_the_lowest_layer_is_its_own_chain() -> None:
    lower, upper = digest.sha256(b"lower"), digest.sha256(b"upper")
    assert digest.chain_ids([]) == []
    assert digest.chain_ids([lower]) == [lower]
    # OCI image spec, config.md: ChainID(L0|L1) = Digest(ChainID(L0) + " " + DiffID(L1))
    assert digest.chain_ids([lower, upper])[1] == digest.sha256(f"{lower} {upper}".encode())
