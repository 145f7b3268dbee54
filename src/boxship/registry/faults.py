"""Why a request found no answer, in the words that Docker's users know (those of Go's net/http and crypto/tls)."""

import errno
import http.client
import os
import socket
import ssl

from urllib3 import exceptions

from boxship.registry.errors import CertificateRefused, Unreachable
from boxship.registry.pace import CONNECT_WAIT, TooSlow

_UNKNOWN_AUTHORITY = (18, 19, 20, 21)  # X509_V_ERR_…: self-signed, in the chain, no issuer, no signature to check
_DATES = {9: "is not yet valid", 10: "has expired"}
_NAMES = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, …_IP_ADDRESS_MISMATCH
_NOT_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
    "UNKNOWN_PROTOCOL",
)


def translate(error: BaseException, method: str, url: str, host: str, port: int) -> Unreachable:
    """The error of a request that got no answer. url: as it is shown; host, port: whom it went to."""
    cause = _innermost(error)
    shown = f'{method.capitalize()} "{url}": '
    if isinstance(cause, ssl.SSLError):
        certificate, text = _tls(cause, host)
        return (CertificateRefused if certificate else Unreachable)(shown + text, url=url)
    if isinstance(error, exceptions.ProxyError):
        return Unreachable(f"{shown}proxyconnect tcp: {_plain(cause, host, port)}", url=url)
    return Unreachable(shown + _plain(cause, host, port), url=url)


def is_plain_http(error: BaseException) -> bool:
    """Whether a TLS handshake failed because the peer does not speak TLS at all."""
    cause = _innermost(error)
    return isinstance(cause, ssl.SSLError) and cause.reason in _NOT_TLS


def _innermost(error: BaseException) -> BaseException:
    for _ in range(8):
        inner = next((part for part in error.args if isinstance(part, BaseException)), None)
        if isinstance(error, exceptions.MaxRetryError) and error.reason is not None:
            inner = error.reason
        if inner is None and isinstance(error, exceptions.HTTPError):
            inner = error.__cause__
        if inner is None or isinstance(error, OSError):
            return error
        error = inner
    return error


def _tls(error: ssl.SSLError, host: str) -> tuple[bool, str]:
    if isinstance(error, ssl.SSLCertVerificationError):
        code = error.verify_code
        if code in _UNKNOWN_AUTHORITY:
            why = "x509: certificate signed by unknown authority"
        elif code in _DATES:
            why = f"x509: certificate has expired or is not yet valid: it {_DATES[code]}"
        elif code in _NAMES:
            why = f"x509: certificate is valid for other names, not {host}"
        else:
            why = f"x509: {error.verify_message}"
        return True, f"tls: failed to verify certificate: {why}"
    if error.reason in _NOT_TLS:
        return False, "http: server gave HTTP response to HTTPS client"
    reason = (error.reason or "").replace("_", " ").lower()
    if "alert" in reason:
        return True, f"remote error: tls: {reason.partition('alert ')[2] or reason}"
    return False, f"tls: {reason or error}"


def _plain(error: BaseException, host: str, port: int) -> str:
    if isinstance(error, TooSlow):
        return str(error)
    if isinstance(error, socket.gaierror):
        return f"dial tcp: lookup {host}: {'no such host' if error.errno in _NO_NAME else error.strerror}"
    if isinstance(error, exceptions.ConnectTimeoutError):
        return f"dial tcp {_place(host, port)}: i/o timeout (after {CONNECT_WAIT:.0f} s)"
    if isinstance(error, TimeoutError):
        return f"the peer took nothing for {CONNECT_WAIT:.0f} s"
    if isinstance(error, OSError) and error.errno:
        words = os.strerror(error.errno).lower()
        if error.errno in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES):
            return f"dial tcp {_place(host, port)}: connect: {_go(error.errno, words)}"
        return words
    if isinstance(error, OSError):
        return str(error)
    if isinstance(error, http.client.IncompleteRead | exceptions.IncompleteRead | EOFError):
        return "unexpected EOF"
    text = str(error) or type(error).__name__
    return "EOF" if "without response" in text else text


_NO_NAME = (socket.EAI_NONAME, socket.EAI_NODATA)


def _go(number: int, words: str) -> str:
    return {errno.ENETUNREACH: "network is unreachable", errno.EHOSTUNREACH: "no route to host"}.get(number, words)


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
