"""A container as the engine keeps it, and what clients may ask of its streams."""

from typing import Literal

import msgspec

from boxship.model.config import ContainerConfig, HostConfig
from boxship.model.health import Health
from boxship.model.network import Endpoint, Membership

Phase = Literal["created", "running", "restarting", "exited", "removing"]


class ContainerState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a container stands. Times are nanoseconds since the epoch, 0 for never.

    phase: "restarting" is the pause before the next try; Docker's API calls that running, too.
    exit_code: of the last run; error: why the last start failed. manually_stopped: a person stopped or killed
    it, so that no restart policy brings it back in this daemon's life ("unless-stopped": not after it either).
    paused: it runs, but its control group is frozen; held: for a commit, and no longer than the daemon lives.
    health: None while it was never checked. endpoints: its places in networks while it runs; ports: what
    network.rules.Published holds of its published ports.
    """

    phase: Phase = "created"
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    started_ns: int = 0
    finished_ns: int = 0
    restart_count: int = 0
    manually_stopped: bool = False
    paused: bool = False
    held: bool = False
    health: Health | None = None
    endpoints: list[Endpoint] = []
    ports: list[tuple[str, str, int, str, int]] = []

    @property
    def status(self) -> str:
        """Docker's word for it: the phase, or "paused"."""
        return "paused" if self.paused else self.phase


class BindRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a container's binds depend on beside what was asked for.

    data_root: the engine's folder: a bind of it, or of what holds it, follows the host's unmounts (slave) where nothing
    else is asked for. flat_read_only: `-v …:ro` leaves what is mounted below it writable, as clients before API 1.44
    know it.
    """

    data_root: str = ""
    flat_read_only: bool = False


NO_RULES = BindRules()


class ContainerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the state database holds of one container, one JSON document.

    id: 64 hexadecimal digits. name: without the slash that the API puts before it. created_ns: nanoseconds since
    the epoch. config: merged with the image's; host: with the defaults filled in. diff_ids: the image's layers,
    lowest first, so that the container outlives the image's name. image_size: bytes of those layers.
    networks: names of networks, in records of old; memberships: what is asked of each. process_label, mount_label: for
    SELinux, "" for none.
    binds: the rules that its binds were made by.
    """

    id: str
    name: str
    created_ns: int
    image_id: str
    diff_ids: list[str]
    image_size: int
    config: ContainerConfig
    host: HostConfig
    networks: list[str] = []
    memberships: list[Membership] = []
    platform: str = "linux"
    process_label: str = ""
    mount_label: str = ""
    binds: BindRules = NO_RULES
    state: ContainerState = ContainerState()

    @property
    def belongs(self) -> list[Membership]:
        """The networks that the container is in whenever it runs."""
        return self.memberships or [Membership(network=name) for name in self.networks]

    @property
    def command(self) -> list[str]:
        """The entrypoint followed by the arguments; never empty."""
        return [*words(self.config.entrypoint), *words(self.config.cmd)]


class AttachOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which streams a client attaches to.

    stream: live output and input; logs: first what was written before. detach_keys: the bytes that end the
    attachment when they come on standard input; empty for none. framed: with the headers of Docker's multiplexed
    stream; None for those of a process without a terminal.
    """

    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    stream: bool = True
    logs: bool = False
    detach_keys: bytes = b""
    framed: bool | None = None


class ExecConfig(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """The body of `POST /containers/{id}/exec` (API 1.51)."""

    user: str = ""
    privileged: bool = False
    tty: bool = False
    console_size: list[int] | None = None
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    detach_keys: str = ""
    env: list[str] | None = None
    working_dir: str = ""
    cmd: list[str] | None = None


def words(value: list[str] | str | None) -> list[str]:
    """A command as a list: the API also takes one string for one word."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else value
