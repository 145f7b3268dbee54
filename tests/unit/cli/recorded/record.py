"""Records what the docker CLI sends for many flags of `create`, and what it says to those that it refuses.

    python -m tests.unit.cli.recorded.record DOCKER

No engine is needed: the recorder stands in for one that refuses every request.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from tests.unit.cli.recorded.cases import ACCEPTED, REFUSED, files

HERE = Path(__file__).parent


class Recorder:
    """Listens on a unix socket, keeps the bodies of creates, refuses everything but /_ping."""

    def __init__(self, path: str) -> None:
        self.bodies: list[tuple[str, Any]] = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return  # closed: the command has ended
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        stream = connection.makefile("rwb")
        while request := stream.readline():
            headers: dict[str, str] = {}
            while line := stream.readline().strip():
                name, _, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            body = stream.read(int(headers.get("content-length", "0")))
            _, target, _ = request.decode().split()
            if target.endswith("/_ping"):
                stream.write(b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nOstype: linux\r\nContent-Length: 0\r\n\r\n")
            else:
                if "/containers/create" in target:
                    self.bodies.append((target.partition("/containers")[2], json.loads(body)))
                answer = b'{"message":"recorded"}'
                head = (
                    f"HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
                )
                stream.write(head.encode() + answer)
            stream.flush()


def ask(program: list[str], arguments: list[str], folder: Path) -> dict[str, Any]:
    """Run one command in `folder`; what it sent and said."""
    path = str(folder.parent / "engine.sock")
    recorder = Recorder(path)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        "DOCKER_HOST": f"unix://{path}",
        "GIVEN": "value",
    }
    environment |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    done = subprocess.run(
        [*program, *arguments], env=environment, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    recorder.listener.close()
    os.unlink(path)
    sent = [{"target": target, "body": body} for target, body in recorder.bodies]
    message = done.stderr.decode().replace(str(folder.parent), "FOLDER")
    return {
        "exit": done.returncode,
        "stderr": message,
        "sent": json.loads(json.dumps(sent).replace(str(folder.parent), "FOLDER")),
    }


def ask_afresh(program: list[str], arguments: tuple[str, ...]) -> dict[str, Any]:
    """Run one command in a folder of its own, with the files that the cases name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "work"
        folder.mkdir()
        files(folder)
        return ask(program, list(arguments), folder)


def difference(base: Any, value: Any) -> Any:
    """What `value` has that `base` has not: objects key by key, "<absent>" for what is not there any more."""
    if not isinstance(base, dict) or not isinstance(value, dict):
        return value
    changed = {
        key: difference(base.get(key), value[key]) for key in value if key not in base or value[key] != base[key]
    }
    return changed | {key: "<absent>" for key in base if key not in value}


def main() -> None:
    """Write create.json beside this file: bodies as differences from the first."""
    program = sys.argv[1:]
    base: Any = None
    lines: list[str] = []
    for arguments in (*ACCEPTED, *REFUSED):
        answer = ask_afresh(program, arguments)
        if base is None:
            base = answer["sent"][0]["body"]
        for sent in answer["sent"]:
            sent["body"] = difference(base, sent["body"])
        lines.append(f"{json.dumps(' '.join(arguments))}: {json.dumps(answer, sort_keys=True)}")
    text = ",\n".join([f'"base": {json.dumps(base)}', *lines])
    (HERE / "create.json").write_text("{" + text + "}\n")


if __name__ == "__main__":
    main()
