"""Write the tables in src/boxship/kernel/syscalls from the headers of Debian's linux-libc-dev.

    python -m tools.syscalls FOLDER      FOLDER: where the package was unpacked (dpkg -x)

A table is text: each line starts with a number and names the calls from there upwards; `-` stands for a number that
the kernel does not use.
"""

import re
import sys
import textwrap
from pathlib import Path

# table -> (header in the package's uapi folder, the macro that numbers are relative to, what the table is)
HEADERS = {
    "x86_64": ("x86/asm/unistd_64.h", "", "64-bit x86"),
    "x32": ("x86/asm/unistd_x32.h", "__X32_SYSCALL_BIT", "x32, without the bit 0x40000000 that marks its calls"),
    "i386": ("x86/asm/unistd_32.h", "", "32-bit x86"),
    "aarch64": ("arm64/asm/unistd_64.h", "", "64-bit Arm"),
    "arm": ("arm/asm/unistd-eabi.h", "__NR_SYSCALL_BASE", "32-bit Arm, EABI"),
}
# asm/unistd.h of arm numbers its private calls from here.
ARM_PRIVATE = 0x0F0000
ARM_PRIVATE_CALLS = {"breakpoint": 1, "cacheflush": 2, "usr26": 3, "usr32": 4, "set_tls": 5, "get_tls": 6}


def read_header(text: str, base: str) -> dict[int, str]:
    """Number -> name for every `#define __NR_name number`."""
    number = rf"\(\s*{base}\s*\+\s*(\d+)\s*\)" if base else r"(\d+)"
    return {int(match[2]): match[1] for match in re.finditer(rf"#define __NR_(\w+)\s+{number}", text)}


def render(calls: dict[int, str]) -> str:
    """The lines of a table."""
    lines: list[str] = []
    run: list[str] = []
    start = -1
    for number in sorted(calls):
        gap = number - start - len(run)
        if start < 0 or gap > 3:
            lines += _lines(start, run)
            start, run = number, []
        else:
            run += ["-"] * gap
        run.append(calls[number])
    return "\n".join(lines + _lines(start, run))


def _lines(start: int, run: list[str]) -> list[str]:
    lines: list[str] = []
    for line in textwrap.wrap(" ".join(run), 100, break_on_hyphens=False, break_long_words=False):
        lines.append(f"{start} {line}")
        start += len(line.split())
    return lines


def main() -> None:
    root = Path(sys.argv[1])
    version = re.search(r"LINUX_VERSION_CODE (\d+)", (root / "usr/include/linux/version.h").read_text(encoding="ascii"))
    code = int(version[1]) if version else 0
    kernel = f"{code >> 16}.{code >> 8 & 255}"
    target = Path(__file__).parent.parent / "src/boxship/kernel/syscalls"
    for table, (header, base, title) in HEADERS.items():
        calls = read_header((root / "usr/lib/linux/uapi" / header).read_text(encoding="ascii"), base)
        if table == "arm":
            calls |= {ARM_PRIVATE + number: name for name, number in ARM_PRIVATE_CALLS.items()}
        (target / f"{table}.py").write_text(
            f'"""System calls of {title}, Linux {kernel} (made by tools/syscalls.py)."""\n\n'
            f'TABLE = """\n{render(calls)}\n"""\n',
            encoding="ascii",
        )
        print(f"{table}: {len(calls)} calls, the highest {max(calls)}")


if __name__ == "__main__":
    main()
