"""podman and containerd call the runtime for every step of every container: what it imports, each of them waits for."""

import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3] / "src"
SLOW = {"typing", "re", "enum", "json", "shutil", "contextlib", "signal", "subprocess", "logging", "dataclasses"}
PROGRAM = """
import sys
sys.path.append(sys.argv[1])
import boxship.oci.main
__import__(sys.argv[2])
print(*sys.modules)
"""


@pytest.mark.parametrize("verb", ["create", "start", "state", "kill", "delete", "exec_", "run"])
def test_a_verb_imports_no_slow_module(verb: str) -> None:
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, str(SOURCE), f"boxship.oci.verbs.{verb}"]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert not loaded & SLOW
