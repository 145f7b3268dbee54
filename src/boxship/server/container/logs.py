"""GET /containers/{id}/logs"""

from boxship.engine.container import logs as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server.params import moment_ns
from boxship.server.router import route
from boxship.server.versions import stream_type
from boxship.storage.logs.query import LogQuery, parse_tail, require_streams


@route("GET", "/containers/{ref}/logs")
async def logs(engine: Engine, request: Request, ref: str) -> None:
    """200 at once, then the log as a stream."""
    query = LogQuery(stdout=request.flag("stdout"), stderr=request.flag("stderr"))
    require_streams(query)
    # Who asks for the log of a container that is not there hears of that first.
    engine.containers.get(ref)
    query = LogQuery(
        stdout=query.stdout,
        stderr=query.stderr,
        since_ns=moment_ns(request, "since"),
        until_ns=moment_ns(request, "until"),
        tail=parse_tail(request.text("tail")),
        follow=request.flag("follow"),
        timestamps=request.flag("timestamps"),
        details=request.flag("details"),
    )
    stream = await verb.logs(engine, ref, query)
    await request.start(200, [("Content-Type", stream_type(request, tty=stream.tty))])
    await request.relay(stream.body)
