"""The rows of `network ls`."""

from boxship.cli.listing.row import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class NetworkRow(Row):
    """A network. whole: its id is not cut short."""

    TYPE = "*network.networkContext"
    FIELDS = {  # noqa: RUF012
        "CreatedAt": "CREATED AT",
        "Driver": "DRIVER",
        "ID": "NETWORK ID",
        "IPv4": "IPV4",
        "IPv6": "IPV6",
        "Internal": "INTERNAL",
        "Labels": "LABELS",
        "Name": "NAME",
        "Scope": "SCOPE",
    }
    JSON = tuple(FIELDS)
    METHODS = ("Label",)

    def __init__(self, data: "dict[str, Any]", whole: bool) -> None:
        self.data = data
        self.whole = whole

    def get_ID(self) -> str:
        identifier: str = self.data["Id"]
        return identifier if self.whole else identifier[:12]

    def get_Name(self) -> str:
        return str(self.data["Name"])

    def get_Driver(self) -> str:
        return str(self.data["Driver"])

    def get_Scope(self) -> str:
        return str(self.data["Scope"])

    def get_IPv4(self) -> str:
        return str(self.data.get("EnableIPv4", True)).lower()

    def get_IPv6(self) -> str:
        return str(self.data["EnableIPv6"]).lower()

    def get_Internal(self) -> str:
        return str(self.data["Internal"]).lower()

    def get_Labels(self) -> str:
        return ",".join(f"{key}={value}" for key, value in sorted((self.data.get("Labels") or {}).items()))

    def get_CreatedAt(self) -> str:
        # As Go's time.Time prints itself.
        day, _, rest = str(self.data["Created"]).partition("T")
        return f"{day} {rest.removesuffix('Z')} +0000 UTC"

    def Label(self, name: str) -> str:
        """One label's value."""
        return str((self.data.get("Labels") or {}).get(name, ""))
