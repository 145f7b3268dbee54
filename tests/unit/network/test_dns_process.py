"""The real dns process: whom it asks, what it makes of their answers, and that nothing said to it ends it."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxship.network.dns import message
from boxship.network.dns.process import DnsProcess
from boxship.shim import wire
from tests.unit.network.test_dns_message import query

Answer = Callable[[bytes], list[bytes]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("dns"))


@pytest.fixture(scope="module")
def process(folder: str) -> Iterator[DnsProcess]:
    """The process, as a daemon starts it; it knows one network."""
    made = DnsProcess(folder)
    entries = [{"names": ["web"], "addresses": ["10.9.8.7"]}]
    made.call({"op": "network", "id": "n1", "name": "net", "entries": entries})
    yield made
    made.retire()


class Container:
    """A container's resolver, on loopback. servers: whom it may ask."""

    def __init__(self, process: DnsProcess, name: str, servers: list[str]) -> None:
        self.process, self.name = process, name
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket()
        with udp, tcp:
            for sock in (udp, tcp):
                sock.bind(("127.0.0.1", 0))
            tcp.listen(16)
            self.udp, self.tcp = udp.getsockname(), tcp.getsockname()
            told = {"op": "container", "id": name, "networks": ["n1"], "servers": servers}
            process.call(told, (udp.fileno(), tcp.fileno()))

    def ask(self, data: bytes) -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(30)
            sock.sendto(data, self.udp)
            return sock.recv(65535)

    def ask_tcp(self, data: bytes) -> bytes:
        with socket.create_connection(self.tcp, timeout=30) as sock:
            sock.sendall(struct.pack("!H", len(data)) + data)
            return read_tcp(sock)

    def knows_web(self) -> bool:
        asked = query([b"web"], id=4711)
        return (
            self.ask(asked)
            == self.ask_tcp(asked)
            == message.reply(message.parse_query(asked), 0, [(1, 5, bytes([10, 9, 8, 7]))])
        )


def read_tcp(sock: socket.socket) -> bytes:
    def exactly(count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = sock.recv(count - len(data))
            if not piece:
                raise EOFError(f"{len(data)} of {count} bytes")
            data += piece
        return data

    return exactly(struct.unpack("!H", exactly(2))[0])


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def container(process: DnsProcess, request: pytest.FixtureRequest) -> Iterator[Callable[..., Container]]:
    """`container("127.0.0.1#5353", …)`: one that asks these servers."""
    name = request.node.name
    yield lambda *servers: Container(process, name, list(servers))
    process.call({"op": "forget", "id": name})


def upstream(opened: ExitStack, answer: Answer, tcp: Answer | None = None) -> str:
    """A name server that sends what `answer` makes of each question; over TCP piece by piece, then it hangs up."""
    udp = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    udp.bind(("127.0.0.1", 0))
    port = udp.getsockname()[1]

    def serve() -> None:
        with suppress(OSError):
            while True:
                data, client = udp.recvfrom(65535)
                if not data:
                    return
                for packet in answer(data):
                    udp.sendto(packet, client)

    workers = [threading.Thread(target=serve, daemon=True)]
    if tcp is not None:
        listener = opened.enter_context(socket.socket())
        listener.bind(("127.0.0.1", port))
        listener.listen()

        def serve_tcp(make: Answer = tcp) -> None:
            with suppress(OSError, EOFError):
                while True:
                    client, _ = listener.accept()
                    with client:
                        for piece in make(read_tcp(client)):
                            client.sendall(piece)
                            time.sleep(0.02)

        workers.append(threading.Thread(target=serve_tcp, daemon=True))
    for worker in workers:
        worker.start()

    def end() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"", ("127.0.0.1", port))
        workers[0].join()

    opened.callback(end)
    return f"127.0.0.1#{port}"


def reply(data: bytes, code: int = 0, records: int = 1, flags: int = 0, size: int = 4) -> bytes:
    """What a server answers: `records` of `size` bytes each."""
    asked = message.parse_query(data)
    body = (b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, size) + b"\1" * size) * records
    head = struct.pack("!HHHHHH", asked.id, 0x8180 | flags | code, 1, records, 0, 0)
    return head + asked.wire + body


def nowhere() -> str:
    """A server that is not there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return f"127.0.0.1#{sock.getsockname()[1]}"


ASKED = query([b"WwW", b"example", b"org"], id=4242)


def test_an_answer_comes_under_the_clients_id(container: Callable[..., Container], opened: ExitStack) -> None:
    seen = []

    def answer(data: bytes) -> list[bytes]:
        seen.append(data)
        return [reply(data, message.NXDOMAIN if b"none" in data else 0, records=0 if b"none" in data else 2)]

    box = container(upstream(opened, answer))
    assert box.ask(ASKED) == reply(ASKED, records=2)
    nobody = query([b"none"], id=99)
    assert box.ask(nobody) == reply(nobody, message.NXDOMAIN, records=0)
    assert [data[2:] for data in seen] == [ASKED[2:], nobody[2:]], "and goes out as it came, but for the id"
    assert box.knows_web()


def test_own_names_are_asked_of_nobody(container: Callable[..., Container], opened: ExitStack) -> None:
    asked: list[bytes] = []

    def answer(data: bytes) -> list[bytes]:
        asked.append(data)
        return [reply(data, message.NXDOMAIN, 0)]

    box = container(upstream(opened, answer))
    for type_ in (1, 28, 15, 65):
        assert box.ask(query([b"web"], type_))[3] & 15 == 0
    assert asked == []


@pytest.mark.parametrize("code", [message.SERVFAIL, message.NOTIMP, message.REFUSED])
def test_the_next_server_is_asked(container: Callable[..., Container], opened: ExitStack, code: int) -> None:
    failing = upstream(opened, lambda data: [reply(data, code, 0)], lambda data: [packed(reply(data, code, 0))])
    good = upstream(opened, lambda data: [reply(data)], lambda data: [packed(reply(data))])
    box = container(nowhere(), failing, good)
    assert box.ask(ASKED) == reply(ASKED)
    assert box.ask_tcp(ASKED) == reply(ASKED)
    alone = container(failing, nowhere())
    assert alone.ask(ASKED) == reply(ASKED, code, 0)


def test_nobody_there(container: Callable[..., Container]) -> None:
    for servers in ((), (nowhere(),), ("fe80::1",), ("no address at all",)):
        box = container(*servers)
        assert box.ask(ASKED)[3] & 15 == message.SERVFAIL, servers
        assert box.ask_tcp(ASKED)[3] & 15 == message.SERVFAIL, servers
        assert box.knows_web()


def test_silence_is_outwaited(container: Callable[..., Container], opened: ExitStack) -> None:
    silent = upstream(opened, lambda data: [])
    box = container(silent, upstream(opened, lambda data: [reply(data)]))
    assert box.ask(ASKED) == reply(ASKED)


def test_what_does_not_belong_is_passed_over(container: Callable[..., Container], opened: ExitStack) -> None:
    """Wrong ids, other questions, queries, scraps; and packets from another port."""

    def answer(data: bytes) -> list[bytes]:
        good = reply(data)
        other = query([b"WwW", b"example", b"com"], id=int.from_bytes(data[:2], "big"))
        wrong = message.with_id(good, int.from_bytes(data[:2], "big") ^ 1)
        return [wrong, b"x", b"", reply(other), data, good[:12], good[:20], good]

    box = container(upstream(opened, answer))
    assert box.ask(ASKED) == reply(ASKED)


def packed(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data


def test_a_truncated_answer_comes_whole_over_tcp(container: Callable[..., Container], opened: ExitStack) -> None:
    def slowly(data: bytes) -> list[bytes]:
        whole = packed(reply(data, records=50, size=1200))
        return [whole[:1], whole[1:2], whole[2:9], *(whole[at : at + 20000] for at in range(9, len(whole), 20000))]

    box = container(upstream(opened, lambda data: [reply(data, records=0, flags=message.TC)], slowly))
    short = box.ask(ASKED)
    assert short[2] & 2, "TC"
    whole = box.ask_tcp(ASKED)
    assert whole == reply(ASKED, records=50, size=1200)
    assert len(whole) > 60000


def test_a_server_that_hangs_up_is_passed_over(container: Callable[..., Container], opened: ExitStack) -> None:
    servers = []
    for made in (b"", b"\0", b"\0\x50abc", packed(b"scrap"), packed(reply(query([b"other"])))):
        servers.append(upstream(opened, lambda data: [], lambda data, made=made: [made] if made else []))
    box = container(*servers, upstream(opened, lambda data: [], lambda data: [packed(reply(data))]))
    assert box.ask_tcp(ASKED) == reply(ASKED)


def test_three_hundred_at_once(container: Callable[..., Container], opened: ExitStack) -> None:
    """Each gets one answer, its own; those over the limit are told so at once, and the next ones are served."""
    waiting: list[bytes] = []
    let_go = threading.Event()
    server = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    server.bind(("127.0.0.1", 0))
    clients: list[tuple[bytes, object]] = []

    def serve() -> None:
        server.settimeout(1)
        with suppress(TimeoutError):
            while len(clients) < 256:
                clients.append(server.recvfrom(512))
        let_go.wait(30)
        for data, client in clients:
            server.sendto(reply(data), client)  # type: ignore[arg-type]

    worker = threading.Thread(target=serve)
    worker.start()
    box = container(f"127.0.0.1#{server.getsockname()[1]}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.connect(box.udp)
        sock.settimeout(30)
        asked = {number: query([b"n%d" % number, b"example"], id=number) for number in range(300)}
        for number, data in asked.items():
            sock.send(data)
            if number % 20 == 19:
                time.sleep(0.005)
        refused = [sock.recv(512) for _ in range(44)]
        assert {data[3] & 15 for data in refused} == {message.SERVFAIL}
        assert box.knows_web()
        let_go.set()
        answered = [sock.recv(512) for _ in range(256)]
    worker.join()
    assert all(data == reply(asked[int.from_bytes(data[:2], "big")]) for data in answered)
    ids = [int.from_bytes(data[:2], "big") for data in (*refused, *answered)]
    assert sorted(ids) == list(range(300))
    assert waiting == []


def test_half_a_message_keeps_nobody(container: Callable[..., Container], opened: ExitStack) -> None:
    box = container()
    for start in (b"", b"\0", b"\0\x20", b"\0\x20abc"):
        sock = opened.enter_context(socket.create_connection(box.tcp))
        sock.sendall(start)
    assert box.knows_web()
    # The rest may come later, several messages at once, and the next one's beginning with it.
    asked = query([b"web"])
    with socket.create_connection(box.tcp, timeout=30) as sock:
        data = packed(asked) * 3
        for at in range(0, len(data), 7):
            sock.sendall(data[at : at + 7])
        assert {read_tcp(sock) for _ in range(3)} == {box.ask(asked)}


def test_no_dns_over_tcp_is_hung_up_on(container: Callable[..., Container]) -> None:
    box = container()
    with socket.create_connection(box.tcp, timeout=30) as sock:
        with suppress(OSError):
            sock.sendall(bytes(60000))
        with suppress(ConnectionResetError):
            assert sock.recv(10) == b""
    assert box.knows_web()


@pytest.fixture(scope="module")
def fuzzed(process: DnsProcess) -> Container:
    return Container(process, "fuzzed", [])


PACKETS = st.one_of(
    st.binary(max_size=600),
    st.builds(
        lambda data, at, value: data[: at % len(data)] + value + data[at % len(data) :],
        st.sampled_from([query([b"web"]), query([b"web"], edns=4096), query([b"x", b"y"], 12)]),
        st.integers(0, 100),
        st.binary(min_size=1, max_size=4),
    ),
)


@given(st.lists(PACKETS, min_size=1, max_size=10))
@settings(max_examples=60)
def test_any_packets(fuzzed: Container, packets: list[bytes]) -> None:
    """It never dies and never answers wrongly: what comes back is for what was sent, and is a reply."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(fuzzed.udp)
        for packet in packets:
            sock.send(packet)
        last = query([b"web"], id=0xBEEF, edns=512)
        sock.send(last)
        sock.settimeout(30)
        ids = {packet[:2] for packet in packets}
        while (data := sock.recv(65535)) != fuzzed.ask(last):
            assert data[:2] in ids
            assert data[2] & 0x80
            assert len(data) <= 1232
    with socket.create_connection(fuzzed.tcp, timeout=30) as stream, suppress(OSError):
        for packet in packets:
            stream.sendall(packed(packet))
    assert fuzzed.knows_web()


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
@settings(max_examples=30)
def test_any_bytes_over_tcp(fuzzed: Container, pieces: list[bytes]) -> None:
    with socket.create_connection(fuzzed.tcp, timeout=30) as stream, suppress(OSError):
        for piece in pieces:
            stream.sendall(piece)
    assert fuzzed.knows_web()


@pytest.mark.parametrize("said", [b"{", b"M", b"[]", b"17", b'{"op": "container"}', b'{"op": []}', b"\xff\xfe", b"{}"])
def test_a_daemon_that_breaks_off(process: DnsProcess, folder: str, fuzzed: Container, said: bytes) -> None:
    """Or says what makes no sense: names go on, and the next daemon is heard."""
    before = process.pid
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        wire.connect_in(sock, folder, "dns.sock")
        sock.send(said)
    assert fuzzed.knows_web()
    assert "fuzzed" in process.find()
    assert process.pid == before


def test_descriptors_are_given_back(process: DnsProcess, fuzzed: Container) -> None:
    """Containers that come and go leave no socket open."""

    def count() -> int:
        return len(os.listdir(f"/proc/{process.pid}/fd"))

    process.find()
    before = count()
    for number in range(20):
        box = Container(process, f"c{number}", [nowhere()])
        assert box.knows_web()
        with socket.create_connection(box.tcp) as stream:
            stream.sendall(b"\0")
        box.ask(ASKED)
        process.call({"op": "forget", "id": box.name})
    assert fuzzed.knows_web()
    assert count() <= before + 1
