"""The systemd unit of the daemon (systemd.service(5), systemd.exec(5), systemd.kill(5)).

There is no boxship.socket: the zygote holds the listening socket over restarts of the daemon, so there is nothing that
systemd would have to hold.
"""

SERVICE = "boxship.service"
DEFAULT_SOCKET = "unix:///run/boxship/boxship.sock"
DOCKER_SOCKET = "unix:///run/docker.sock"

_TEXT = """\
# Made by `boxship setup`; `boxship setup --remove` takes it away. Changes of your own: systemctl edit boxship.service
[Unit]
Description=Boxship container engine
After=network-online.target nss-lookup.target firewalld.service time-set.target
Wants=network-online.target

[Service]
Type=notify
ExecStart={command}
# The zygote and the monitors are in this unit's control group and outlive the daemon: a stop or a restart ends the
# daemon alone, and containers run on.
KillMode=process
Delegate=yes
# What the monitors do is no reason to end the daemon, or to count against it.
OOMPolicy=continue
OOMScoreAdjust=-500
TasksMax=infinity
LimitNPROC=infinity
LimitCORE=infinity
TimeoutStartSec=0
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
"""


def service(program: list[str], group: str, *, docker_socket: bool) -> str:
    """The unit's text. program: the command line of boxship; group: who may use the socket besides root."""
    words = [*program, "daemon", "--group", group]
    if docker_socket:
        words += ["--host", DEFAULT_SOCKET, "--host", DOCKER_SOCKET]
    return _TEXT.format(command=" ".join(map(_quoted, words)))


def _quoted(word: str) -> str:
    """One word of ExecStart: quoted where it has blanks, % and $ doubled."""
    word = word.replace("%", "%%").replace("$", "$$").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{word}"' if not word or set(word) & set(" \t'\\\"") else word
