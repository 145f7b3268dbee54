"""What is known of a layer beside its files: layer.json in its folder."""

import json
from dataclasses import dataclass

from boxship.lib.atomic import write_atomic

FILE = "layer.json"


@dataclass(frozen=True, slots=True)
class LayerNote:
    """size, tar_size: bytes. boot: the kernel's boot id when the layer was unpacked; "" once its files are safe on the
    disk, or when it has none.
    """

    size: int
    tar_size: int
    boot: str

    def write(self, folder: str, *, durable: bool) -> None:
        """Keep the note in a layer's folder. OSError."""
        text = json.dumps({"size": self.size, "tar_size": self.tar_size, "boot": self.boot})
        write_atomic(f"{folder}/{FILE}", text.encode(), mode=0o600, durable=durable)

    @staticmethod
    def read(folder: str) -> "LayerNote":
        """The note of a layer's folder. FileNotFoundError; ValueError, KeyError when it is none of ours."""
        with open(f"{folder}/{FILE}", "rb") as file:
            values = json.load(file)
        return LayerNote(int(values["size"]), int(values["tar_size"]), str(values["boot"]))

    @staticmethod
    def try_read(folder: str) -> "LayerNote | None":
        """The same; None where there is none."""
        try:
            return LayerNote.read(folder)
        except (FileNotFoundError, ValueError, KeyError):
            return None


def boot_id() -> str:
    """This boot's (proc_sys_kernel(5)): a random value, new with each."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()
