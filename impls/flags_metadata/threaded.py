"""A pool of threads with one client; a thread makes both requests of a country.

Execution unit: threads of the operating system, in a ``ThreadPoolExecutor``. They share the process,
one ``httpx.Client`` with its connections, and the interpreter lock, which a thread gives up while it
waits for the network. The pool is the bound: a thread that waits for the second answer takes no other
country meanwhile. Costs a stack for each thread, and everyone's turn at the client's connection pool.
Choose it for steps that depend on each other: they stand below each other, as in ``sequential``.
"""

from concurrent.futures import ThreadPoolExecutor

import httpx

from impls.flags_metadata import Job, Outcome, client_options, failed, keep

DEFAULT = ("pop20",)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    with (
        httpx.Client(**client_options(job, workers)) as client,
        ThreadPoolExecutor(workers) as pool,
    ):
        outcomes = pool.map(lambda code: download(client, job, code), job.codes)
        return dict(zip(job.codes, outcomes, strict=True))


def download(client: httpx.Client, job: Job, code: str) -> Outcome:
    try:
        image = client.get(job.url(code)).raise_for_status()
        metadata = client.get(job.metadata_url(code)).raise_for_status()
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, image, metadata)
