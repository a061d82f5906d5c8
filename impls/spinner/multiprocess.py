"""A spinner in a process, the slow part in the main one.

Execution unit: one process beside the main process. They share nothing but an event, which is two
semaphores and a lock of the operating system; the spinner sends its frames through a pipe. Costs the
start of a process, before which nothing is seen, and the end of one, which is most of the time that
stopping takes. Choose it where the slow part is C code that keeps the interpreter lock to itself;
otherwise a thread does the same, sooner.
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
        with sender:  # once the spinner has its end, only the spinner has one
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
