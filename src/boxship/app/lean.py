"""asyncio without TLS.

`import asyncio` imports ssl, and with it OpenSSL: 4.4 MB of a daemon that idles at some 20 (docs/decisions, "HTTP
and memory"). Most daemons listen on a unix socket, where there is nothing to encrypt, and those with TLS do not use
asyncio's (docs/decisions/0009-tls.md). asyncio is made for interpreters without ssl, so while it is imported there is
none; who needs ssl later (a TLS listener, the registry client) imports it as ever.
"""

import sys


def import_asyncio() -> None:
    """Import asyncio without ssl. Must run before anything else imports asyncio; does nothing after that."""
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    # None makes `import ssl` raise ImportError (the import system, "The module cache").
    sys.modules["ssl"] = None  # type: ignore[assignment]
    try:
        import asyncio  # noqa: F401
    finally:
        del sys.modules["ssl"]
