"""The C module below `signal`, which would bring enum: numbers are plain here."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signals
else:
    import _signal as signals

__all__ = ["signals"]
