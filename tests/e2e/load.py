# SPDX-License-Identifier: BSD-3-Clause
"""Clients that go on while a test does something else."""
import threading
import time

from small import wait_for


class Load:
    """So many clients, each one `turn` after the other: a function that returns what went wrong, or None."""

    def __init__(self, turn, clients):
        self.turn = turn
        self.stopping = threading.Event()
        self.done = []  # (when it began, what went wrong or None), seconds of time.monotonic()
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.more(10)
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def run(self):
        while not self.stopping.is_set():
            began = time.monotonic()
            self.done.append((began, self.turn()))

    def more(self, count):
        """Waits until so many turns more have ended."""
        wanted = len(self.done) + count
        wait_for(lambda: len(self.done) >= wanted, "%d requests" % count)

    def wrong(self, since=0):
        return [wrong for began, wrong in self.done if began > since and wrong is not None]
