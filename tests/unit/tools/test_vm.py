"""`make vm`, without the machine: what it keeps of each file, what it runs again, and a connection that breaks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.vm import TREE, Machine, Unreachable
from tools.vm_results import Result, load, read_result, save, slug, summary, to_run

STATE = ("t1", "abc1234", "2026-11-30")
REPORT = """<testsuites><testsuite><testcase name="test_a"/><testcase name="test_b"><skipped/></testcase>
<testcase name="test_c"><failure message="assert 1 ==&#10;  2">x</failure></testcase>
<testcase name="test_c"><error message="at teardown">x</error></testcase></testsuite></testsuites>"""


def test_a_report_is_read() -> None:
    result = read_result("tests/api/test_x.py", STATE, "1 62\n", REPORT, "probe: 3 no fact (x)\n0 no fact\nend\n")
    assert (result.passed, result.skipped, result.seconds, result.good) == (1, 1, 62, False)
    assert result.wrong == ("test_c: assert 1 == 2", "test_c: at teardown")
    assert result.absent == ("probe: 3 no fact (x)",)


def test_a_run_that_was_killed_is_no_pass() -> None:
    result = read_result("tests/api/test_x.py", STATE, "-9 12", "", "test_a PASSED\nSegmentation fault\n")
    assert not result.good
    assert result.wrong == ("ended with -9: Segmentation fault",)
    assert read_result("tests/systemd/test_x.py", STATE, "5 3", "", "no tests ran").good


def test_only_what_has_not_passed_at_this_state_runs_again(tmp_path: Path) -> None:
    passed = Result("a.py", *STATE, code=0, seconds=10, passed=3)
    failed = Result("b.py", *STATE, code=1, seconds=40, passed=3, wrong=("test: no",))
    older = Result("c.py", "t0", "abc", "2026-11-01", code=0, seconds=700)
    for result in (passed, failed, older):
        save(tmp_path, result)
    kept = load(tmp_path)
    assert kept == {"a.py": passed, "b.py": failed, "c.py": older}
    assert to_run(["a.py", "b.py", "c.py", "d.py"], kept, "t1") == ["c.py", "d.py", "b.py"]


def test_the_summary_names_failures_and_what_was_not_run() -> None:
    kept = {"a.py": Result("a.py", *STATE, code=1, seconds=10, passed=3, wrong=("test_a: no",))}
    good, text = summary(["a.py", "b.py"], kept)
    assert not good
    assert text.splitlines()[1:] == ["    test_a: no", "b.py: not run", "3 passed, 0 skipped, 1 failed"]
    assert summary(["a.py"], {"a.py": Result("a.py", *STATE, code=0, seconds=1, passed=1)})[0]


def script(tmp_path: Path, body: str) -> str:
    path = tmp_path / "machine"
    path.write_text(f"#!/bin/sh\ncd {tmp_path}\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_a_connection_that_breaks_is_tried_again(tmp_path: Path) -> None:
    """ssh(1) ends with 255 then; what was to be sent is sent again."""
    machine = script(tmp_path, "cat >got; echo x >>tries; [ $(wc -l <tries) -ge 3 ] || exit 255; cat got; echo $2")
    assert Machine(machine, silence=1).call("run", "word", given=b"sent ") == b"sent word\n"
    assert (tmp_path / "tries").read_text().count("x") == 3


def test_a_machine_that_is_gone_and_a_command_that_fails_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        Machine(script(tmp_path, "exit 255"), silence=0.05).run("true")
    with pytest.raises(subprocess.CalledProcessError):
        Machine(script(tmp_path, "exit 7"), silence=1).run("true")


def test_a_machine_that_does_not_come_up_is_booted_again(tmp_path: Path) -> None:
    body = "echo $1 >>words; [ $1 = up ] && [ $(grep -c up words) -lt 2 ] && exit 1; exit 0"
    Machine(script(tmp_path, body), silence=1).boot()
    assert (tmp_path / "words").read_text().split() == ["up", "kill", "up", "run"]


def test_files_run_side_by_side_and_keep_their_results(tmp_path: Path) -> None:
    """Each has its code, log and report; one with a code is not run again; one that hangs is ended."""
    for name, body in (("good", "pass"), ("bad", "assert 0"), ("slow", "__import__('time').sleep(60)")):
        (tmp_path / f"test_{name}.py").write_text(f"def test_it():\n    {body}\n")
    results = tmp_path / "results"
    results.mkdir()
    (results / "test_done.code").write_text("0 1\n")
    names = ["test_slow.py", "test_good.py", "test_bad.py", "test_done.py"]
    program = "import sys; from tools import vm_inside; vm_inside.FILE_LIMIT = 5; sys.exit(vm_inside.main())"
    command = [sys.executable, "-c", program, str(results), *names]
    subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(TREE), "PATH": os.defpath}, check=True)
    codes = {path.stem: path.read_text().split()[0] for path in results.glob("*.code")}
    assert codes == {"test_slow": "124", "test_good": "0", "test_bad": "1", "test_done": "0"}
    assert 'name="test_it"' in (results / "test_bad.xml").read_text()
    assert "test_good.py::test_it PASSED" in (results / "test_good.log").read_text()


def test_names_of_results() -> None:
    assert slug("tests/api/test_wait.py") == "tests.api.test_wait"
