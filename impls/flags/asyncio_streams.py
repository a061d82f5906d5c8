"""Coroutines with a small HTTP/1.1 client, on streams.

Execution unit: coroutines, all in one thread. They share a stack of kept connections, each a pair of
streams of ``asyncio``. A semaphore bounds the requests in flight. It shows about what Python can do.
Costs all that a client is for: it knows only answers with a length, and no redirects or proxies.
Choose it never: it is what other clients are compared with.
"""

import asyncio
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
REFERENCE = True
SERVERS = ("local",)  # the mock works with httpx only
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
ERRORS = (OSError, EOFError, ValueError, KeyError, asyncio.LimitOverrunError)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound, idle, url = asyncio.Semaphore(workers), list[Connection](), urlsplit(job.base_url)
    tls = tls_context(job.authority) if url.scheme == "https" else None
    connect = partial(asyncio.open_connection, url.hostname, url.port or url.scheme, ssl=tls)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(download(idle, connect, bound, job, code)) for code in job.codes]
        return {code: task.result() for code, task in zip(job.codes, tasks, strict=True)}
    finally:
        for _, writer in idle:
            writer.transport.abort()


async def download(
    idle: list[Connection], connect: Any, bound: asyncio.Semaphore, job: Job, code: str
) -> Outcome:
    url = urlsplit(job.url(code))
    async with bound:
        try:
            async with asyncio.timeout(job.timeout):
                reader, writer = idle.pop() if idle else await connect()
                try:
                    writer.write(f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                    status, *lines = head.split("\r\n")[:-2]
                    fields = dict(line.split(": ", 1) for line in lines)
                    body = await reader.readexactly(int(fields["content-length"]))
                except BaseException:
                    writer.transport.abort()
                    raise
        except ERRORS as error:
            return failed(error)
        idle.append((reader, writer))
        return keep(job, code, int(status.split()[1]), body)
