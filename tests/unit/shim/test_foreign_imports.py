"""The built-in runtime's monitors pay nothing for other runtimes."""

import subprocess
import sys


def test_the_zygote_does_not_import_them() -> None:
    program = "import sys, boxship.shim.zygote; print([name for name in sys.modules if 'foreign' in name])"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_daemon_has_no_websockets_before_the_first() -> None:
    program = "import sys, boxship.app.daemon; print([name for name in sys.modules if name.startswith('wsproto')])"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
