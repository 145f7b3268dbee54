"""Tables, units, times."""

from __future__ import annotations

import os
import time

import pytest

from boxship.cli.listing.ports import shown
from boxship.cli.output import align, table
from boxship.cli.timestamps import for_api, rfc3339_local
from boxship.cli.units import binary_size, human_size
from boxship.lib.durations import human_duration


def test_a_table_is_as_wide_as_its_cells() -> None:
    rows = [["ID", "NAME", "X"], ["0123456789ab", "n", "long"]]
    assert table(rows) == "ID             NAME      X\n0123456789ab   n         long\n"
    assert align("".join("\t".join(row) + "\n" for row in rows)) == table(rows)


def test_columns_end_where_a_line_has_none() -> None:
    assert align("a\tb\nlonger than ten\tb\n\nc\td\n") == ("a                 b\nlonger than ten   b\n\nc         d\n")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "Less than a second"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "About a minute"),
        (120, "2 minutes"),
        (3600, "About an hour"),
        (5400, "2 hours"),
        (47 * 3600, "47 hours"),
        (48 * 3600, "2 days"),
        (14 * 86400, "2 weeks"),
        (60 * 86400, "2 months"),
        (730 * 86400, "2 years"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


def test_sizes() -> None:
    assert [human_size(size, 3) for size in (0, 999, 1000, 1_982_534)] == ["0B", "999B", "1kB", "1.98MB"]
    assert human_size(1_982_534) == "1.983MB"
    assert binary_size(25_276_502_016) == "23.54GiB"


def _port(private: int, public: int = 0, address: str = "", kind: str = "tcp") -> dict[str, object]:
    return {"PrivatePort": private, "Type": kind} | ({"PublicPort": public, "IP": address} if address else {})


def test_ports_are_drawn_together_as_docker_does() -> None:
    # docker run -p 8081:80 -p 9000-9002:9000-9002/udp -p 127.0.0.1:7000:7001 --expose 5000-5003
    ports = [_port(number) for number in (5002, 5000, 5001, 5003)]
    ports += [_port(number, number, address, "udp") for number in (9000, 9001, 9002) for address in ("0.0.0.0", "::")]
    ports += [_port(80, 8081, "0.0.0.0"), _port(80, 8081, "::"), _port(7001, 7000, "127.0.0.1")]
    assert shown(ports) == (
        "5000-5003/tcp, 0.0.0.0:9000-9002->9000-9002/udp, [::]:9000-9002->9000-9002/udp, "
        "0.0.0.0:8081->80/tcp, [::]:8081->80/tcp, 127.0.0.1:7000->7001/tcp"
    )


@pytest.fixture
def far_away() -> object:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "XXX-03:30"
    time.tzset()
    yield None
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("0", "0"),
        ("10m", "999400"),
        ("12.5", "12.5"),
        ("1970-01-02T00:00:00Z", "86400.000000000"),
        ("1970-01-02T00:00:00.5Z", "86400.500000000"),
        ("1970-01-02T02:00:00+02:00", "86400.000000000"),
        ("1970-01-01T22:00:00-02:00", "86400.000000000"),
        ("1970-01-02Z", "86400.000000000"),
        ("1970-01-02T03:30:00", "86400.000000000"),
        ("1970-01-02T03:30", "86400.000000000"),
        ("1970-01-02", "73800.000000000"),
    ],
)
def test_times_for_the_api(far_away: object, text: str, sent: str) -> None:
    assert for_api(text, now_ns=1_000_000 * 10**9) == sent


@pytest.mark.parametrize(
    "text", ["foo", "1970-13-01", "1970-01-01T", "1970-01-01T1:2:3:4", "1h2", "1970-01-01T00:00:00+0"]
)
def test_no_times(text: str) -> None:
    with pytest.raises(ValueError, match="failed to parse value as time or duration"):
        for_api(text)


def test_local_times(far_away: object) -> None:
    assert rfc3339_local(86400 * 10**9 + 5) == "1970-01-02T03:30:00.000000005+03:30"
