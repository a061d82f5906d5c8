"""A spinner in a thread, with the slow part in the main thread.

Execution unit: one thread besides the main thread. They share everything, including an event and the
interpreter lock. The ``wait`` of the event is the pause between two frames and the way to stop. While
the slow part waits, the lock is free. While it computes, the spinner gets the lock one switch interval
after it asks.
Costs a thread.
Choose it for a program that is not asynchronous. A slow part in Python needs no changes.
"""

import threading

from impls.spinner import Job, Screen, Seen, slow

WORKERS = 1
DEFAULT = ("waiting",)  # the other cases take seconds


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
