"""A spinner in a thread, the slow part in the main one.

Execution unit: one thread beside the main thread. They share everything: an event, whose ``wait`` is
the pause between two frames and the way to stop, and the interpreter lock. While the slow part waits,
the lock is free; while it computes, the spinner asks for it, and has it one switch interval later.
Costs a thread. Choose it for a program that is not asynchronous: whatever the slow part does in
Python, it needs no part in this.
"""

import threading

from impls.spinner import Job, Screen, Seen, slow

WORKERS = 1
DEFAULT = ("waiting",)  # the others take seconds


def run(job: Job, *, workers: int) -> Seen:
    screen, done = Screen(), threading.Event()
    spinner = threading.Thread(target=spin, args=(job.interval, screen, done))
    spinner.start()
    try:
        answer = slow(job)
    finally:
        screen.stop()
        done.set()
        spinner.join()
    return screen.seen(answer)


def spin(interval: float, screen: Screen, done: threading.Event) -> None:
    while True:
        screen.draw()
        if done.wait(interval):
            break
