"""An archive as an answer's body."""

from boxship.engine.container.download import Download
from boxship.http.request import Request


async def send_download(request: Request, download: Download) -> None:
    """Send all of it, then end the answer. ClientGone as soon as the client has gone; the worker's error at the end."""

    async def pump() -> None:
        if download.first:
            await request.send(download.first)
        while count := await download.ready():
            await request.send_pipe(download.fd, count)
        await download.finish()

    await request.unless_gone(pump())
    await request.end()
