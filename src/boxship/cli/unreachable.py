"""What to say when no engine answers: what happened, where, what to do."""

from boxship.client.errors import Unreachable

_EACCES = 13


def advice(error: Unreachable) -> str:
    """The message for people."""
    import os

    if error.errno == _EACCES:
        return (
            f"cannot reach the engine at {error.url}: permission denied\n"
            "  as root:           sudo boxship …\n"
            f"  who may use it:    ls -l {error.url.removeprefix('unix://')}"
        )
    if not error.message.startswith("Cannot connect"):
        return error.message
    how = "boxship daemon" if os.geteuid() == 0 else "sudo boxship daemon"
    from boxship.client.host import DEFAULT_SOCKET

    if error.url == f"unix://{DEFAULT_SOCKET}":
        return f"Cannot connect to the engine at {error.url}. Is the daemon running?\n  to start it:   {how}"
    return (
        f"Cannot connect to the engine at {error.url}. Is the daemon running?\n"
        f"  to start it there:   {how} -H {error.url}"
    )
