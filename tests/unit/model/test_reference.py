"""References: what Docker 28.5.2 said to each, and properties that hold for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.lib.errors import InvalidParameter
from boxship.model import reference
from boxship.model.reference import Reference

HEX = "0123456789abcdef" * 4

# what was typed, how the peer lists it after `docker tag`
ACCEPTED = [
    ("busybox", "busybox:latest"),
    ("busybox:1", "busybox:1"),
    ("a", "a:latest"),
    ("a/b", "a/b:latest"),
    ("a/b/c", "a/b/c:latest"),
    ("docker.io/a", "a:latest"),
    ("docker.io/library/a", "a:latest"),
    ("docker.io/library/a/b", "library/a/b:latest"),
    ("index.docker.io/a", "a:latest"),
    ("index.docker.io/library/a", "a:latest"),
    ("localhost/a", "localhost/a:latest"),
    ("localhost:5000/a", "localhost:5000/a:latest"),
    ("localhost", "localhost:latest"),
    ("a.b/c", "a.b/c:latest"),
    ("a.b:80/c", "a.b:80/c:latest"),
    ("A.b/c", "A.b/c:latest"),
    ("a--b", "a--b:latest"),
    ("a__b", "a__b:latest"),
    ("a.b", "a.b:latest"),
    ("a:b.c-d_E", "a:b.c-d_E"),
    ("[::1]/a", "[::1]/a:latest"),
    ("[::1]:5000/a", "[::1]:5000/a:latest"),
    ("[fe80::1]/a:2", "[fe80::1]/a:2"),
    (f"docker.io/{HEX}", f"{HEX}:latest"),
    (f"a/{HEX}", f"a/{HEX}:latest"),
    ("a.b_c/d", "a.b_c/d:latest"),
    ("a_b.c/d", "a_b.c/d:latest"),
    ("a_b/c", "a_b/c:latest"),
    ("a-b.c/d", "a-b.c/d:latest"),
    ("foo.com:8080/x", "foo.com:8080/x:latest"),
    ("docker.io", "docker.io:latest"),
    ("docker.io:80/a", "docker.io:80/a:latest"),
    ("library/a", "a:latest"),
    ("library/a/b", "library/a/b:latest"),
    ("1.2.3.4/a", "1.2.3.4/a:latest"),
    ("1.2.3.4:5/a", "1.2.3.4:5/a:latest"),
    ("scratch", "scratch:latest"),
    ("192.168.1.1", "192.168.1.1:latest"),
    ("localhost.localdomain/a", "localhost.localdomain/a:latest"),
    ("LOCALHOST/a", "LOCALHOST/a:latest"),
]

# what was typed, the peer's error for `docker tag`
REFUSED = [
    ("BUSYBOX", "invalid reference format: repository name (library/BUSYBOX) must be lowercase"),
    ("busybox:", "invalid reference format"),
    (":1", "invalid reference format"),
    ("a.b/C", "invalid reference format: repository name (C) must be lowercase"),
    ("a/B", "invalid reference format: repository name (a/B) must be lowercase"),
    ("a___b", "invalid reference format"),
    ("a..b", "invalid reference format"),
    ("a-", "invalid reference format"),
    ("-a", "invalid reference format"),
    ("a_", "invalid reference format"),
    ("_a", "invalid reference format"),
    ("a/-b", "invalid reference format"),
    ("a/b-", "invalid reference format"),
    ("a//b", "invalid reference format"),
    ("/a", "invalid reference format"),
    ("a/", "invalid reference format"),
    (f"a@sha256:{HEX}", "cannot import digest reference"),
    (f"a:1@sha256:{HEX}", "cannot import digest reference"),
    (
        "a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
        "invalid checksum digest length",
    ),
    (
        "a@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
        "invalid checksum digest format",
    ),
    ("a@md5:0123456789abcdef0123456789abcdef", "unsupported digest algorithm"),
    (f"a@sha512:{HEX}{HEX}", "cannot import digest reference"),
    (f"a@sha384:{HEX}", "invalid checksum digest length"),
    ("a@", "invalid reference format"),
    ("a:b:c", "invalid reference format"),
    ("a:b/c", "invalid reference format"),
    ("a:.b", "invalid reference format"),
    ("a:-b", "invalid reference format"),
    ("a:b+c", "invalid reference format"),
    ("[::1%eth0]/a", "invalid reference format"),
    ("[2001:db8::z]/a", "invalid reference format"),
    (f"{HEX}", f"invalid repository name ({HEX}), cannot specify 64-byte hexadecimal strings"),
    (f"sha256:{HEX}", "refusing to create an ambiguous tag using digest algorithm as name"),
    ("a b", "invalid reference format"),
    ("a:b c", "invalid reference format"),
    ("é", "invalid reference format"),
    ("-a.b/c", "invalid reference format"),
    ("a.-b/c", "invalid reference format"),
    ("foo.com:/x", "invalid reference format"),
    ("docker.io/", "invalid reference format"),
]


@pytest.mark.parametrize(("text", "listed"), ACCEPTED)
def test_tag_target_as_docker_lists_it(text: str, listed: str) -> None:
    assert reference.parse_tag_target(text, "").familiar == listed


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_tag_target_as_docker_refuses_it(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        reference.parse_tag_target(text, "")
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("x/" + "a" * 253, True),
        ("x/" + "a" * 254, False),
        ("x.y/" + "a" * 252, True),
        ("a" * 247, True),
        ("a" * 248, False),
    ],
)
def test_a_path_has_at_most_255_characters(text: str, fits: bool) -> None:
    if fits:
        assert reference.parse(text).path.endswith("a")
    else:
        with pytest.raises(InvalidParameter, match="must not be more than 255 characters"):
            reference.parse(text)


def test_tags_have_at_most_128_characters() -> None:
    assert reference.parse("a:" + "t" * 128).tag == "t" * 128
    with pytest.raises(InvalidParameter):
        reference.parse("a:" + "t" * 129)


def test_digest_and_tag_are_both_kept() -> None:
    assert reference.parse(f"a:1@sha256:{HEX}") == Reference("docker.io", "library/a", "1", f"sha256:{HEX}")


def test_the_tag_given_apart_wins() -> None:
    assert reference.parse_tag_target("a:1", "2").familiar == "a:2"
    with pytest.raises(InvalidParameter, match="invalid tag format"):
        reference.parse_tag_target("a", "b c")
    with pytest.raises(InvalidParameter, match="cannot import digest reference"):
        reference.parse_tag_target(f"a@sha256:{HEX}", "")


components = st.from_regex(r"[a-z0-9]+(?:(?:[.]|_|__|-+)[a-z0-9]+)*", fullmatch=True).filter(
    lambda text: len(text) < 40
)
hosts = st.from_regex(r"[a-z0-9]+[.][a-z]{2,5}(?::[0-9]{1,5})?", fullmatch=True).filter(
    lambda text: not text.startswith(("docker.io", "index.docker.io"))
)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)


@given(hosts, st.lists(components, min_size=1, max_size=4), tags)
def test_what_is_printed_reads_back(host: str, path: list[str], tag: str) -> None:
    text = f"{host}/{'/'.join(path)}:{tag}"
    parsed = reference.parse(text)
    assert (parsed.domain, parsed.path, parsed.tag) == (host, "/".join(path), tag)
    assert str(parsed) == parsed.familiar == text


@given(st.text(max_size=60))
def test_any_text_is_a_reference_or_refused(text: str) -> None:
    try:
        parsed = reference.parse(text)
    except InvalidParameter:
        return
    assert reference.parse(str(parsed)) == parsed
    if not reference.is_identifier(parsed.familiar):
        assert reference.parse(parsed.familiar) == parsed
