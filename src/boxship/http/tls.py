"""TLS without sockets: bytes of the wire in and out, bytes of the stream in and out. For both ends.

Not the standard library's SSLSocket and not asyncio's TLS: both end the whole connection at the first half-close,
and `docker run -i` says by a half-close that its input is over (close_notify, RFC 8446, section 6.1), while the output
still comes. Only who needs TLS imports this module: it brings OpenSSL in.
"""

import ssl

RECORD = 16 * 1024
"""The longest piece of one record (RFC 8446, section 5.1)."""


class TlsCodec:
    """One side of one TLS connection. ssl.SSLError (an OSError) for what the other side does wrong.

    After every call there may be something to send: `to_send`.
    """

    def __init__(self, context: ssl.SSLContext, *, server_name: str | None = None) -> None:
        """server_name: the name that the server's certificate must bear; None where this is the server."""
        self._received = ssl.MemoryBIO()
        self._sent = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._received, self._sent, server_side=server_name is None, server_hostname=server_name
        )

    def feed(self, data: bytes) -> None:
        """Bytes have come from the wire."""
        self._received.write(data)

    def to_send(self) -> bytes:
        """What must go out on the wire now."""
        return self._sent.read()

    def handshake(self) -> bool:
        """Go on with the handshake; False when it needs more from the wire."""
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def read(self) -> bytes | None:
        """The next piece of the stream: None when it needs more from the wire, empty at the other side's end."""
        try:
            return self._object.read(RECORD)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            # The end after our own end.
            return b""

    def write(self, data: bytes) -> None:
        """Encrypt a piece of the stream."""
        view = memoryview(data)
        while view:
            # A record at a time.
            view = view[self._object.write(view) :]

    def end(self) -> None:
        """Say that this side's stream is over (close_notify); reading goes on.

        `read` must have asked for more before, with nothing fed since: SSL_shutdown(3) throws away what it finds.
        """
        try:
            self._object.unwrap()
        except (ssl.SSLWantReadError, ssl.SSLError):
            # It is in `to_send`; the other side's answer is not waited for.
            pass


def reason(error: OSError) -> str:
    """What went wrong in OpenSSL's words, without where in OpenSSL."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    text = getattr(error, "reason", None)
    return str(text).lower().replace("_", " ") if text else str(error.strerror or error)
