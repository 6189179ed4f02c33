"""One polite schedule per host, by a clock that is handed in."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cnaps_rag.sources.addresses import AddressKind

INTERVALS_S: Final = {AddressKind.ARXIV: 3.0, AddressKind.CVF: 1.0}
"""Seconds from the start of a request to the start of the next.

Source: arXiv asks for one request in three seconds over one connection,
https://info.arxiv.org/help/api/tou.html#rate-limits. CVF states no limit; one second is our own courtesy.
"""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time and waiting.

    Attributes:
        monotonic: Seconds that only ever grow.
        sleep: Waits so many seconds.
        now: The date and time, in UTC.
    """

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = _utc_now


SYSTEM_CLOCK: Final = Clock()


class HostSchedule:
    """Lets one request at a time through, at most one per interval."""

    def __init__(self, interval_s: float, clock: Clock) -> None:
        """Start with nothing to wait for.

        Args:
            interval_s: Seconds from the start of one request to the start of the next.
            clock: Time and waiting.
        """
        self._interval_s = interval_s
        self._clock = clock
        self._lock = threading.Lock()
        self._earliest_s: float | None = None

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the turn of a request and keep it until the response is read.

        Yields:
            Nothing; the request may be sent.
        """
        with self._lock:
            now_s = self._clock.monotonic()
            if self._earliest_s is not None and now_s < self._earliest_s:
                self._clock.sleep(self._earliest_s - now_s)
            self._earliest_s = self._clock.monotonic() + self._interval_s
            yield


def polite_schedules(clock: Clock) -> dict[AddressKind, HostSchedule]:
    """Make one schedule for each host that is fetched from.

    Args:
        clock: Time and waiting.

    Returns:
        The schedules; all hosts of arXiv share one.
    """
    return {kind: HostSchedule(interval_s, clock) for kind, interval_s in INTERVALS_S.items()}
