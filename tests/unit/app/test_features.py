"""The daemon's options about what containers get, against the machine as it is."""

import logging
from pathlib import Path

import pytest

from boxship.app.config import DaemonConfig, UsageError, parse_arguments
from boxship.app.features import features_for
from boxship.lib.errors import InvalidParameter
from boxship.runtime.host import find_features, selinux_contexts


def test_labels_are_asked_for(caplog: pytest.LogCaptureFixture):
    """Off by default, as in Docker; asked for on a machine without SELinux, the log says so."""
    off = features_for(DaemonConfig())
    assert (off.selinux, off.selinux_process, off.selinux_file) == (False, "", "")
    with caplog.at_level(logging.WARNING):
        asked = features_for(DaemonConfig(selinux_enabled=True))
    assert asked.selinux == find_features().selinux
    assert asked.selinux != ("--selinux-enabled has no effect" in caplog.text)


@pytest.mark.parametrize("file", ["usr/share/containers/selinux/contexts", "etc/selinux/mls/contexts/lxc_contexts"])
def test_where_the_contexts_stand(tmp_path: Path, file: str):
    (tmp_path / "sys/fs/selinux").mkdir(parents=True)
    (tmp_path / "etc/selinux").mkdir(parents=True)
    (tmp_path / "etc/selinux/config").write_text("# a comment\nSELINUX=enforcing\nSELINUXTYPE=mls\n")
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(
        'process = "system_u:system_r:container_t:s0"\ncontent = "x"\n; no = "x"\n'
        'file = "system_u:object_r:container_file_t:s0"\n'
    )
    assert selinux_contexts(str(tmp_path)) == ("", "")
    (tmp_path / "sys/fs/selinux/enforce").write_text("1")
    found = selinux_contexts(str(tmp_path))
    assert found == ("system_u:system_r:container_t:s0", "system_u:object_r:container_file_t:s0")
    path.write_text("process = x\n")
    assert selinux_contexts(str(tmp_path)) == ("", "")


def test_the_init(tmp_path: Path):
    own = tmp_path / "init"
    own.write_text("#!/bin/sh\n")
    with pytest.raises(InvalidParameter, match="no such program"):
        features_for(DaemonConfig(init_path=str(own)))
    own.chmod(0o755)
    found = features_for(DaemonConfig(init=True, init_path=str(own)))
    assert (found.init_binary, found.init_default) == (str(own), True)
    assert features_for(DaemonConfig(init_path="sh")).init_binary.endswith("/sh")
    assert not features_for(DaemonConfig()).init_default


def test_their_flags():
    config = parse_arguments(["--init", "--init-path=/x", "--selinux-enabled"])
    assert config is not None
    assert (config.init, config.init_path, config.selinux_enabled) == (True, "/x", True)


@pytest.mark.parametrize("value", ["default", "1000:1000"])
def test_user_namespaces_for_all_are_refused(value: str):
    with pytest.raises(UsageError, match="--userns-remap is not supported yet"):
        parse_arguments(["--userns-remap", value])
