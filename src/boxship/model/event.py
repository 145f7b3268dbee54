"""Events, as `GET /events` streams them."""

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """type: "container", "image", …; action: "create", "die", "exec_start: sh", …; id: the actor; time_ns: when."""

    type: str
    action: str
    id: str
    attributes: dict[str, str]
    time_ns: int
    scope: str = "local"
