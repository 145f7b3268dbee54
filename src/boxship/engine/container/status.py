"""What `docker ps` says of a container's state (pure)."""

from boxship.lib.durations import human_duration
from boxship.model.container import ContainerState


def status_text(state: ContainerState, now_ns: int) -> str:
    """The STATUS column: "Up 3 seconds", "Exited (0) 2 minutes ago", "Created", …"""
    since_end = human_duration(max(0, now_ns - state.finished_ns) / 1e9)
    match state.phase:
        case "running":
            paused = " (Paused)" if state.paused else ""
            return f"Up {human_duration(max(0, now_ns - state.started_ns) / 1e9)}{paused or _health(state)}"
        case "restarting":
            return f"Restarting ({state.exit_code}) {since_end} ago"
        case "removing":
            return "Removal In Progress"
        case "created":
            return "Created"
    return f"Exited ({state.exit_code}) {since_end} ago"


def _health(state: ContainerState) -> str:
    if state.health is None:
        return ""
    return " (health: starting)" if state.health.status == "starting" else f" ({state.health.status})"
