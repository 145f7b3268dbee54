"""Reading apt's sources, in both formats that sources.list(5) has."""

from pathlib import Path

from tools.debian import Source, codename, sources

DEB822 = """# the suite itself
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://sources.example/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""

ONE_LINE = """deb [signed-by=/a.gpg arch=amd64] http://one.example/debian trixie main contrib # and so on
#deb http://commented.example/debian trixie main
deb-src http://src.example/debian trixie main
deb http://two.example/debian trixie-security main
"""


def test_deb822_stanzas(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/debian.sources").write_text(DEB822)
    suites = ("bookworm", "bookworm-updates")
    assert list(sources(tmp_path)) == [Source("http://mirror.example/debian", suites, ("main",))]


def test_one_line_entries(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(ONE_LINE)
    assert list(sources(tmp_path)) == [
        Source("http://one.example/debian", ("trixie",), ("main", "contrib")),
        Source("http://two.example/debian", ("trixie-security",), ("main",)),
    ]


def test_no_sources_at_all(tmp_path: Path) -> None:
    assert list(sources(tmp_path)) == []


def test_codename_with_and_without_quotes(tmp_path: Path) -> None:
    file = tmp_path / "os-release"
    file.write_text('NAME="X"\nVERSION_CODENAME="trixie"\n')
    assert codename(file) == "trixie"
    file.write_text("NAME=X\n")
    assert codename(file) == ""
