"""nftables by libnftables(3): rules as text, a whole text at once or not at all."""

from __future__ import annotations

import ctypes

LIBRARY = "libnftables.so.1"


class NoNftables(OSError):
    """The machine has no libnftables."""


class RulesRefused(OSError):
    """The kernel or the library refuses a text of rules; the message is theirs."""


class Nftables:
    """A context in the network namespace of the thread that makes it. Not for two threads at once."""

    def __init__(self) -> None:
        """NoNftables when the library is missing."""
        try:
            library = ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise NoNftables(f"{LIBRARY} is missing: apt install nftables ({error})") from None
        library.nft_ctx_new.restype = ctypes.c_void_p
        library.nft_ctx_new.argtypes = [ctypes.c_uint32]
        library.nft_ctx_free.argtypes = [ctypes.c_void_p]
        library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        for name in ("nft_ctx_get_error_buffer", "nft_ctx_get_output_buffer"):
            function = getattr(library, name)
            function.restype = ctypes.c_char_p
            function.argtypes = [ctypes.c_void_p]
        for name in ("nft_ctx_buffer_error", "nft_ctx_buffer_output"):
            getattr(library, name).argtypes = [ctypes.c_void_p]
        self._library = library
        self._context = library.nft_ctx_new(0)
        if not self._context:
            raise NoNftables("libnftables gives no context")
        library.nft_ctx_buffer_error(self._context)
        library.nft_ctx_buffer_output(self._context)

    def run(self, text: str) -> str:
        """Apply `text` (nft(8)) in one transaction; what it prints. RulesRefused, and then nothing has changed."""
        code = self._library.nft_run_cmd_from_buffer(self._context, text.encode())
        output = self._library.nft_ctx_get_output_buffer(self._context) or b""
        errors = self._library.nft_ctx_get_error_buffer(self._context) or b""
        if code:
            raise RulesRefused(f"nftables: {errors.decode(errors='replace').strip()}")
        return str(output.decode(errors="replace"))

    def close(self) -> None:
        """Give the context up."""
        if self._context:
            self._library.nft_ctx_free(self._context)
            self._context = None
