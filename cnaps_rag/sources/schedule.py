"""One polite schedule per host, by a clock that is handed in."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cnaps_rag.sources.addresses import AddressKind

INTERVALS_S: Final = {AddressKind.ARXIV.value: 3.0}
"""Seconds from the start of a request to the start of the next.

Source: arXiv asks for one request in three seconds over one connection,
https://info.arxiv.org/help/api/tou.html#rate-limits.
"""
COURTESY_S: Final = 1.0
"""The same for CVF, which states no limit, and for hosts that the user allows: our own courtesy."""


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


class Schedules:
    """One schedule for each site, made when first asked for; all hosts of arXiv are one site."""

    def __init__(self, clock: Clock) -> None:
        """Start without any.

        Args:
            clock: Time and waiting.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._schedules: dict[str, HostSchedule] = {}

    def turn(self, site: str) -> contextlib.AbstractContextManager[None]:
        """Wait for the turn of a request to a site.

        Args:
            site: The site, as `addresses.site_of` names it.

        Returns:
            A context; the request may be sent inside it.
        """
        with self._lock:
            if site not in self._schedules:
                self._schedules[site] = HostSchedule(INTERVALS_S.get(site, COURTESY_S), self._clock)
            return self._schedules[site].turn()
