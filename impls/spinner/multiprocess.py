"""A spinner in a process, with the slow part in the main process.

Execution unit: one process besides the main process. They share only an event, which consists of two
semaphores and a lock of the operating system. The spinner reports its frames through a pipe.
Costs the start of a process, before which no frame appears. It also costs the end of a process, which
is most of the time that stopping takes.
Choose it if the slow part is C code that keeps the interpreter lock. Otherwise a thread does the same,
and starts sooner.
"""

import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Final

from impls.spinner import Job, Screen, Seen, slow

START_METHOD: Final = "forkserver"
WORKERS = 1
DEFAULT = False


def run(job: Job, *, workers: int) -> Seen:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    done = context.Event()
    screen = Screen()
    receiver, sender = context.Pipe(duplex=False)
    spinner = context.Process(target=spin, args=(job.interval, done, sender))
    with receiver:
        with sender:  # close this copy of the end, so that only the spinner has one
            spinner.start()
        try:
            answer = slow(job)
        finally:
            screen.stop()
            done.set()
            screen.frames += receiver.recv()
            spinner.join()
    return screen.seen(answer)


def spin(interval: float, done: Event, sender: Connection) -> None:
    screen = Screen()
    while True:
        screen.draw()
        if done.wait(interval):
            break
    sender.send(screen.frames)
