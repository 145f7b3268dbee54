"""`boxship setup` as anybody may try it: what it would do."""

import os

from tests.support.cli import Cli


def test_a_dry_run_says_every_path(boxship: Cli) -> None:
    said = boxship("setup", "--dry-run", "--group", "nobody-has-this").succeeded().text
    assert "would make   group nobody-has-this" in said
    assert "would make   /usr/local/share/bash-completion/completions/boxship" in said
    if os.path.isdir("/run/systemd/system"):
        assert "would make   /etc/systemd/system/boxship.service" in said
    else:
        assert "left out     boxship.service: systemd does not run this machine" in said
