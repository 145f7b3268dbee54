"""`-v` and `--tmpfs`: what they mean, and what Docker 28.5 answers to what means nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.lib.errors import BoxshipError
from boxship.runtime.spec.binds import PROPAGATIONS, Bind, parse_bind
from boxship.runtime.spec.tmpfs import mount_options, parse_tmpfs


@pytest.mark.parametrize(
    ("text", "bind"),
    [
        ("/a:/b", Bind("/a", "/b")),
        ("/a/../c/:/b//x/", Bind("/c", "/b/x")),
        ("/a:/b:ro", Bind("/a", "/b", "ro", read_only=True)),
        ("/a:/b:rw,z,rslave", Bind("/a", "/b", "rw,z,rslave", propagation="rslave", relabel="z")),
        ("/a:/b:cached", Bind("/a", "/b", "cached")),
        ("/a:/b:", Bind("/a", "/b")),
        ("data:/b", Bind("data", "/b")),
        ("data:/b:nocopy", Bind("data", "/b", "nocopy")),
        ("/b", Bind("", "/b")),
    ],
)
def test_binds(text: str, bind: Bind):
    assert parse_bind(text) == bind


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid volume specification: ''"),
        (":/a", "invalid volume specification: ':/a'"),
        ("/tmp:", "invalid volume specification: '/tmp:'"),
        ("/a:ro", "invalid volume specification: '/a:ro'"),
        ("/tmp:/a:b:c", "invalid volume specification: '/tmp:/a:b:c'"),
        ("/tmp:/a::", "invalid volume specification: '/tmp:/a::'"),
        ("/tmp:/a:foo", "invalid mode: foo"),
        ("/tmp:/a:ro,rw", "invalid mode: ro,rw"),
        ("/tmp:/a:z,Z", "invalid mode: z,Z"),
        ("/tmp:/a:rslave,rshared", "invalid mode: rslave,rshared"),
        ("/tmp:/a:rbind", "invalid mode: rbind"),
        (
            "foo",
            "invalid volume specification: 'foo': invalid mount config for type \"volume\": "
            "invalid mount path: 'foo' mount path must be absolute",
        ),
        (
            "/tmp:/",
            "invalid volume specification: '/tmp:/': invalid mount config for type \"bind\": "
            "invalid specification: destination can't be '/'",
        ),
        (
            "/tmp:/a:nocopy",
            "invalid volume specification: '/tmp:/a:nocopy': invalid mount config for type \"bind\": "
            "field VolumeOptions must not be specified",
        ),
    ],
)
def test_what_is_no_bind(text: str, message: str):
    with pytest.raises(BoxshipError) as caught:
        parse_bind(text)
    assert caught.value.message == message
    assert type(caught.value) is BoxshipError


MODES = st.lists(
    st.sampled_from(["ro", "rw", "z", "Z", "nocopy", "cached", "foo", "", *sorted(PROPAGATIONS)]), max_size=4
)
PATHS = st.text(st.sampled_from("/.ab: "), max_size=8)


@given(PATHS, PATHS, MODES)
def test_any_text_gives_a_bind_or_a_reason(source: str, target: str, modes: list[str]):
    text = f"{source}:{target}:{','.join(modes)}"
    try:
        bind = parse_bind(text)
    except BoxshipError as error:
        assert error.message.startswith(("invalid volume specification: ", "invalid mode: "))
        return
    assert bind.target.startswith("/") and bind.target != "/"
    assert "/../" not in f"{bind.target}/" and "//" not in bind.target
    assert bind.read_only == ("ro" in bind.mode.split(","))


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", "noexec nosuid nodev rprivate"),
        ("size=1m,mode=700,exec", "nosuid nodev rprivate size=1m mode=700 exec"),
        (
            "ro,noatime,uid=1000,gid=5,nr_inodes=100",
            "noexec nosuid nodev rprivate ro noatime uid=1000 gid=5 nr_inodes=100",
        ),
        ("rw,exec,suid,dev", "rprivate rw exec suid dev"),
        ("exec,noexec", "nosuid nodev rprivate noexec"),
        ("size=1,size=2", "noexec nosuid nodev rprivate size=2"),
    ],
)
def test_tmpfs(text: str, options: str):
    assert parse_tmpfs(text) == options.split()


@pytest.mark.parametrize(
    ("text", "name"), [("foo=1", "foo"), ("size", "size"), ("size=", "size"), ("tmpcopyup", "tmpcopyup")]
)
def test_what_a_tmpfs_does_not_have(text: str, name: str):
    with pytest.raises(BoxshipError) as caught:
        parse_tmpfs(text)
    assert caught.value.message == f'invalid tmpfs option "{name}"'


def test_tmpfs_of_the_api():
    options = {"SizeBytes": 1_000_000, "Mode": 0o1770, "Options": [["exec"]]}
    assert mount_options(options, read_only=True) == [
        *("nosuid", "nodev", "rprivate", "ro", "exec", "mode=1770", "size=1000000")
    ]
