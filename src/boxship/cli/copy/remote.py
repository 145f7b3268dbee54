"""The side of a copy that is in a container: what a path is there."""

from base64 import b64decode

from boxship.client.errors import DaemonError
from boxship.lib.plainjson import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxship.client.client import Client
    from boxship.http.client import Response

# Go's os.FileMode (io/fs).
_FOLDER, _LINK, _DEVICE, _IRREGULAR = 1 << 31, 1 << 27, 1 << 26, 1 << 19


class PathStat:
    """What the engine says of a path. target: of a link, where it leads in the end."""

    __slots__ = ("mode", "target")

    def __init__(self, response: "Response") -> None:
        """DaemonError when the answer does not say it."""
        try:
            said = decode(b64decode(response.headers["x-docker-container-path-stat"]))
            self.mode = int(said["mode"])
            self.target = str(said["linkTarget"])
        except (KeyError, TypeError, ValueError) as error:
            raise DaemonError(response.status, f"unable to decode container path stat header: {error}") from None

    @property
    def folder(self) -> bool:
        return bool(self.mode & _FOLDER)

    @property
    def link(self) -> bool:
        return bool(self.mode & _LINK)

    @property
    def device(self) -> bool:
        return bool(self.mode & _DEVICE)

    @property
    def irregular(self) -> bool:
        return bool(self.mode & _IRREGULAR)


def look(client: "Client", container: str, path: str) -> PathStat | None:
    """What a path is, None when it can't be told."""
    try:
        return PathStat(client.open("HEAD", f"/containers/{container}/archive", [("path", path)]))
    except DaemonError:
        return None
