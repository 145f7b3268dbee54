"""The parts of an installation. Each knows how to say what it is, to make it and to undo it."""

import os
import subprocess

from boxship.cli.context import CliError
from boxship.lib.atomic import write_atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


class Item:
    """value: what is needed to undo it, kept in the list of what was made. about: what it is, as people read it.

    Each kind has `make() -> bool`, whether there was something to do, and `undo() -> bool`, whether it was there; both
    raise CliError.
    """

    kind = ""

    def __init__(self, value: str) -> None:
        self.value = value

    @property
    def about(self) -> str:
        return self.value


class File(Item):
    """A file with a given text; somebody else's of that name is left alone. value: its path."""

    kind = "file"

    def __init__(self, value: str, text: str = "", mine: bool = False) -> None:
        super().__init__(value)
        self._text = text
        self._mine = mine

    def make(self) -> bool:
        if os.path.lexists(self.value) and not self._mine:
            raise CliError(
                f"{self.value} is there already, and boxship setup did not make it\n"
                "  to have it made:     move it away, then run boxship setup again"
            )
        try:
            with open(self.value, encoding="utf-8") as file:
                if file.read() == self._text:
                    return False
        except OSError:
            pass
        os.makedirs(os.path.dirname(self.value), exist_ok=True)
        write_atomic(self.value, self._text.encode())
        return True

    def undo(self) -> bool:
        try:
            os.unlink(self.value)
        except FileNotFoundError:
            return False
        return True


class Group(Item):
    """A system group; one that is there already is nobody's to remove. value: its name."""

    kind = "group"

    @property
    def about(self) -> str:
        return f"group {self.value}"

    def make(self) -> bool:
        if self._there():
            return False
        call("groupadd", "--system", self.value)
        return True

    def undo(self) -> bool:
        if not self._there():
            return False
        call("groupdel", self.value)
        return True

    def _there(self) -> bool:
        import grp

        try:
            grp.getgrnam(self.value)
        except KeyError:
            return False
        return True


class Service(Item):
    """The unit, enabled and started. value: its name."""

    kind = "service"

    @property
    def about(self) -> str:
        return f"{self.value}, enabled and started"

    def make(self) -> bool:
        call("systemctl", "daemon-reload")
        call("systemctl", "enable", "--quiet", self.value)
        # Restarted, too: the unit may have changed, and containers do not notice.
        call("systemctl", "restart", self.value)
        return True

    def undo(self) -> bool:
        call("systemctl", "disable", "--now", "--quiet", self.value)
        return True

    def forgotten(self) -> None:
        """The unit's file is gone: have systemd know it."""
        call("systemctl", "daemon-reload")


class Context(Item):
    """The docker context `boxship` of a person. value: the person's name."""

    kind = "context"

    @property
    def about(self) -> str:
        return f"docker context boxship of {self.value}"

    def make(self) -> bool:
        if subprocess.run([*self._docker(), "inspect", "boxship"], capture_output=True, check=False).returncode == 0:
            return False
        host = "host=unix:///run/boxship/boxship.sock"
        call(*self._docker(), "create", "boxship", "--description", "Boxship", "--docker", host)
        return True

    def undo(self) -> bool:
        return subprocess.run([*self._docker(), "rm", "boxship"], capture_output=True, check=False).returncode == 0

    def _docker(self) -> list[str]:
        # As the person: a file of root's in a home is one that its owner can't change.
        person = [] if self.value == "root" else ["runuser", "-u", self.value, "--"]
        return [*person, "docker", "context"]


KINDS: "dict[str, Callable[[str], Any]]" = {kind.kind: kind for kind in (File, Group, Service, Context)}


def call(*words: str) -> None:
    """Run a program of the machine's. CliError with what it said."""
    said = subprocess.run(_words(words), capture_output=True, text=True, check=False)
    if said.returncode:
        text = (said.stderr or said.stdout).strip() or f"exit code {said.returncode}"
        raise CliError(f"{' '.join(words)}: {text}")


def _words(words: "Sequence[str]") -> list[str]:
    import shutil

    found = shutil.which(words[0], path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise CliError(f"{words[0]} is not on this machine, and it is needed to run {' '.join(words)}")
    return [found, *words[1:]]
