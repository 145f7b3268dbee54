"""The daemon's options about what containers get that ask for nothing, by command line and by file."""

from pathlib import Path

import pytest

from boxship.app.config import DaemonConfig, UsageError, parse_arguments
from boxship.app.features import features_for
from boxship.lib.errors import InvalidParameter
from boxship.model.config import HostConfig, Ulimit
from boxship.runtime.spec.process import check_limits
from boxship.runtime.spec.security import read_security, seccomp_profile


def parsed(*arguments: str) -> DaemonConfig:
    config = parse_arguments(["--config=/dev/null", *arguments])
    assert config is not None
    return config


def test_nothing_is_said() -> None:
    engine = parsed().for_engine()
    assert (engine.ipc_mode, engine.cgroupns_mode, engine.shm_size, engine.labels) == ("private", "", 0, ())
    assert (engine.downloads, engine.uploads, engine.close_wait, engine.seccomp_profile) == (3, 5, 15.0, "builtin")
    assert engine.cgroup_parent("cgroupfs").startswith("/boxship/")


def test_by_the_command_line() -> None:
    config = parsed(
        *("--default-ipc-mode=shareable", "--default-cgroupns-mode=private", "--default-shm-size=1g"),
        *("--label=a=b", "--label=c=", "--cgroup-parent=/mine", "--shutdown-timeout=-1", "--max-concurrent-uploads=2"),
        *("--default-ulimit=nofile=10:20", "--default-ulimit=core=-1", "--default-ulimit=nofile=30", "--live-restore"),
    )
    engine = config.for_engine()
    assert (engine.ipc_mode, engine.cgroupns_mode, engine.shm_size) == ("shareable", "private", 1 << 30)
    assert (engine.labels, engine.cgroup_parent("cgroupfs")) == (("a=b", "c="), "/mine")
    assert (engine.close_wait, engine.uploads) == (None, 2)
    assert config.default_ulimits == (Ulimit(name="nofile", soft=30, hard=30), Ulimit(name="core", soft=-1, hard=-1))


def test_by_the_file_with_the_keys_of_daemon_json(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'labels = ["a=b"]\ndefault-shm-size = "128M"\nno-new-privileges = true\nlive-restore = true\n'
        'default-ipc-mode = "shareable"\ncgroup-parent = "/there"\nmax-concurrent-uploads = 7\n'
        '[default-ulimits]\ncore = "0:1"\n[default-ulimits.nofile]\nName = "nofile"\nHard = 20\nSoft = 10\n'
    )
    config = parse_arguments([f"--config={file}", "--default-ulimit=core=5"])
    assert config is not None
    assert (config.labels, config.no_new_privileges, config.for_engine().shm_size) == (("a=b",), True, 128 << 20)
    assert set(config.default_ulimits) == {
        Ulimit(name="nofile", soft=10, hard=20),
        Ulimit(name="core", soft=5, hard=5),
    }
    check_limits(list(config.default_ulimits))


@pytest.mark.parametrize(
    ("argument", "fault"),
    [
        ("--default-ipc-mode=host", 'IPC mode "host" is not supported as default value; use "shareable" or "private"'),
        ("--default-cgroupns-mode=x", 'invalid default cgroup namespace (x): use "host" or "private"'),
        ("--default-shm-size=much", "--default-shm-size: invalid size: 'much'"),
        ("--default-ulimit=nofile", "invalid ulimit argument: nofile"),
        ("--default-ulimit=nofile=x", 'invalid argument "nofile=x" for "--default-ulimit" flag'),
        ("--default-ulimit=nofile=2:1", "soft limit must be less than or equal to hard limit: 2 > 1"),
        ("--default-ulimit=files=2", "wrong rlimit value: RLIMIT_FILES"),
        ("--label=a", "bad attribute format: a"),
        ("--live-restore=false", "containers always outlive the daemon"),
        ("--max-concurrent-uploads=0", "invalid max concurrent uploads: 0"),
        ("--shutdown-timeout=soon", "not a whole number"),
    ],
)
def test_what_makes_no_sense(argument: str, fault: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(argument)
    assert fault in caught.value.message


def test_labels_that_contradict_each_other() -> None:
    assert parsed("--label=a=b", "--label=a=b").labels == ("a=b", "a=b")
    with pytest.raises(UsageError, match="conflict labels for a=c and a=b"):
        parsed("--label=a=b", "--label=a=c")


def test_limits_in_a_file_that_are_none(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    for told in ('nofile = "x"', "nofile = 5", "nofile = {Soft = 1}"):
        file.write_text(f"[default-ulimits]\n{told}\n")
        with pytest.raises(UsageError, match="default-ulimits: nofile: a limit is"):
            parse_arguments([f"--config={file}"])


def test_the_seccomp_profile(tmp_path: Path) -> None:
    file = tmp_path / "profile.json"
    with pytest.raises(InvalidParameter, match=r"opening seccomp profile .* failed: No such file"):
        features_for(DaemonConfig(seccomp_profile=str(file)))
    file.write_text("[]")
    with pytest.raises(InvalidParameter, match=r"--seccomp-profile .*: Decoding seccomp profile failed"):
        features_for(DaemonConfig(seccomp_profile=str(file)))
    file.write_text('{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}')
    own = features_for(DaemonConfig(seccomp_profile=str(file)))
    off = features_for(DaemonConfig(seccomp_profile="unconfined"))
    plain, builtin = read_security(None), read_security(["seccomp=builtin"])
    loose = seccomp_profile(plain, HostConfig(), (), own)
    assert loose is not None and loose["defaultAction"] == "SCMP_ACT_ALLOW"
    assert seccomp_profile(plain, HostConfig(), (), off) is None
    assert seccomp_profile(plain, HostConfig(privileged=True), (), own) is None
    for features in (own, off):
        filtered = seccomp_profile(builtin, HostConfig(), (), features)
        assert filtered is not None and filtered["defaultAction"] == "SCMP_ACT_ERRNO"
