# SPDX-License-Identifier: BSD-3-Clause
"""Whether the machine ran us all the time. A case plays a peer against the box's timers (a round trip of 0.3 s, an RTO of
0.6 s): on a machine that stands still for as long, the box is right to repeat, and the case is not to be judged."""
import threading
import time

BEAT, LATE = 0.01, 0.06  # seconds; sixteen threads of Python alone make a beat late by half of it


class Pulse:
    def __init__(self):
        self.stops = []  # (when it was over, seconds late)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        due = time.monotonic() + BEAT
        while True:
            time.sleep(max(0.0, due - time.monotonic()))
            now = time.monotonic()
            if now - due > LATE:
                self.stops.append((now, now - due))
            due = now + BEAT

    def longest(self, since):
        """The longest stop after that time, seconds; 0: none."""
        time.sleep(2 * BEAT)  # for one that has just ended
        return max((late for when, late in self.stops if when >= since), default=0.0)
