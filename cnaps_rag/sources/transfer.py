"""GET over https from hosts that may be asked: schedule, redirects, retries and limits, whatever the server does."""

import contextlib
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urljoin

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from cnaps_rag.errors import SourceError
from cnaps_rag.records import PaperStatus
from cnaps_rag.sources.addresses import NO_HOSTS, as_https, refusal_of, site_of
from cnaps_rag.sources.parts import Sink, strong_validator
from cnaps_rag.sources.schedule import Clock, Schedules

MAX_ATTEMPTS: Final = 3
MAX_REDIRECTS: Final = 5
MAX_RETRY_AFTER_S: Final = 60.0
TRANSFER_TIMEOUT_S: Final = 600.0
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
GONE: Final = frozenset({404, 410})
PASSING: Final = frozenset({403, 408, 425, 429})
FIRST_SERVER_ERROR: Final = 500

_CONTENT_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+)", re.ASCII | re.IGNORECASE)
_BACKOFF = wait_exponential_jitter(initial=1, max=MAX_RETRY_AFTER_S, jitter=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a server sent.

    Attributes:
        final_url: Where it was found, behind all redirects.
        content_type: What the server called it; never trusted, only told.
        etag: What the server calls this state of the file, or None.
        last_modified: When the server says that the file was last changed, or None.
        unchanged: Whether the server said that what we have is still right, and sent nothing.
    """

    final_url: str
    content_type: str = "nothing said"
    etag: str | None = None
    last_modified: str | None = None
    unchanged: bool = False


class _PassingError(Exception):
    """A failure that may be over at the next attempt."""

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Transfer:
    """Fetches what stands at an https URL of arXiv, CVF or an allowed host."""

    def __init__(
        self,
        client: httpx.Client,
        schedules: Schedules,
        clock: Clock,
        *,
        max_bytes: int,
        allowed: frozenset[str] = NO_HOSTS,
    ) -> None:
        """Keep what all requests share.

        Args:
            client: Sends the requests; must not follow redirects by itself.
            schedules: When a request may be sent, by site.
            clock: Time and waiting.
            max_bytes: Larger bodies are refused.
            allowed: Hosts beside arXiv's and CVF's that a redirect may lead to.
        """
        self.stopped = threading.Event()
        self._client = client
        self._schedules = schedules
        self._clock = clock
        self._max_bytes = max_bytes
        self._allowed = allowed

    def fetch(self, url: str, sink: Sink, condition: Mapping[str, str] | None = None) -> Receipt:
        """Fetch a URL, in at most three attempts; an attempt goes on where the one before broke off if it can.

        Args:
            url: An https URL of a host that may be asked.
            sink: Takes the body.
            condition: Headers that ask for the body only where it has changed.

        Returns:
            What the server sent.

        Raises:
            SourceError: It could not be had; `status` says which way it failed.
        """
        attempts = Retrying(
            stop=stop_after_attempt(MAX_ATTEMPTS),
            wait=_wait_s,
            retry=retry_if_exception_type(_PassingError),
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            return attempts(self._follow, url, sink, condition or {})
        except _PassingError as error:
            count = int(attempts.statistics["attempt_number"])
            message = f"{error} (tried {count} times)"
            raise SourceError(message, url=url, status=PaperStatus.FAILED, attempt=count) from error

    def _follow(self, url: str, sink: Sink, condition: Mapping[str, str]) -> Receipt:
        asked = url
        headers = {**condition, **_rest_of(sink)}
        for _ in range(MAX_REDIRECTS + 1):
            self._check(url)
            with _mapped(url), self._schedules.turn(site_of(url)), self._stream(url, headers) as response:
                if response.status_code not in REDIRECTS:
                    return self._take(response, sink, condition)
                url = self._target(url, response)
        raise SourceError(f"{asked} redirects more than {MAX_REDIRECTS} times", url=asked)

    def _stream(self, url: str, headers: Mapping[str, str]) -> contextlib.AbstractContextManager[httpx.Response]:
        return self._client.stream("GET", url, headers=headers)

    def _take(self, response: httpx.Response, sink: Sink, condition: Mapping[str, str]) -> Receipt:
        receipt = Receipt(
            final_url=str(response.url),
            content_type=response.headers.get("content-type", "nothing said"),
            etag=response.headers.get("etag"),
            last_modified=response.headers.get("last-modified"),
            unchanged=bool(condition) and response.status_code == httpx.codes.NOT_MODIFIED,
        )
        if not receipt.unchanged:
            self._save(response, sink)
        return receipt

    def _save(self, response: httpx.Response, sink: Sink) -> None:
        total = self._begin(response, sink)
        url, start_s = str(response.url), self._clock.monotonic()
        # Raw bytes: decoding would let a small body grow without bound, and no PDF is sent encoded when not asked for.
        for chunk in response.iter_raw():
            self._check(url)
            if sink.size + len(chunk) > self._max_bytes:
                raise _too_large(url, self._max_bytes)
            if self._clock.monotonic() - start_s > TRANSFER_TIMEOUT_S:
                raise SourceError(f"{url}: not finished after {TRANSFER_TIMEOUT_S:.0f} s", url=url)
            sink.write(chunk)
        if total is not None and sink.size != total:
            sink.begin({})
            raise _PassingError(f"{url}: {sink.size} bytes of {total} came")

    def _begin(self, response: httpx.Response, sink: Sink) -> int | None:
        """Make the sink ready for the body: at its beginning, or where the part that the server sends fits on."""
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and sink.size:
            sink.begin({})
            raise _PassingError(f"{response.url}: HTTP 416, from the beginning then")
        if response.status_code != httpx.codes.PARTIAL_CONTENT:
            self._judge(response)
            sink.begin(response.headers)
            return None
        match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
        state = strong_validator(response.headers) or sink.validator
        if match is None or not sink.size or state != sink.validator or int(match[1]) != sink.size:
            sink.begin({})
            raise _PassingError(f"{response.url}: another part came than the one asked for")
        if int(match[3]) > self._max_bytes:
            raise _too_large(str(response.url), self._max_bytes)
        return int(match[3])

    def _judge(self, response: httpx.Response) -> None:
        url, status = str(response.url), response.status_code
        if status in GONE:
            raise SourceError(f"{url}: not there (HTTP {status})", url=url, status=PaperStatus.NOT_FOUND)
        if status in PASSING or status >= FIRST_SERVER_ERROR:
            raise self._passing(response)
        if status != httpx.codes.OK:
            raise SourceError(f"{url}: HTTP {status}", url=url)
        length = response.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._max_bytes:
            raise _too_large(url, self._max_bytes)

    def _check(self, url: str) -> None:
        if self.stopped.is_set():
            raise SourceError(f"{url}: broken off", url=url)

    def _target(self, url: str, response: httpx.Response) -> str:
        target = response.headers.get("location", "")
        with contextlib.suppress(ValueError):
            target = target and urljoin(url, target)
        refusal = refusal_of(target, self._allowed)
        if refusal is not None:
            raise SourceError(f"{url} redirects to {target!r}, which is not followed: {refusal}", url=url)
        return as_https(target)

    def _passing(self, response: httpx.Response) -> Exception:
        message = f"{response.url}: HTTP {response.status_code}"
        wait_s = self._retry_after_s(response.headers.get("retry-after", ""))
        if wait_s > MAX_RETRY_AFTER_S:
            return SourceError(f"{message}; the server asks to come back in {wait_s:.0f} s", url=str(response.url))
        return _PassingError(message, wait_s)

    def _retry_after_s(self, header: str) -> float:
        if header.isdecimal():
            return float(header)
        try:
            date = parsedate_to_datetime(header)
        except ValueError:
            return 0.0
        date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
        return max(0.0, (date - self._clock.now()).total_seconds())


@contextlib.contextmanager
def _mapped(url: str) -> Iterator[None]:
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        message = f"{url}: no connection ({words(error)})"
        raise SourceError(message, url=url, status=PaperStatus.UNREACHABLE, attempt=1) from error
    except (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError) as error:
        raise _PassingError(f"{url}: broken off ({words(error)})") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(f"{url}: {words(error)}", url=url) from error


def words(error: Exception) -> str:
    """Say what an error is, also where it says nothing itself.

    Args:
        error: The error.

    Returns:
        Its message, or the name of its class.
    """
    text = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in text:
        text += "; if a proxy signs for others here, name its certificate in SSL_CERT_FILE"
    return text


def _rest_of(sink: Sink) -> dict[str, str]:
    if sink.validator is None or not sink.size:
        return {}
    return {"Range": f"bytes={sink.size}-", "If-Range": sink.validator}


def _too_large(url: str, max_bytes: int) -> SourceError:
    message = f"{url}: more than the {max_bytes:,} bytes that Settings.max_pdf_bytes allows"
    return SourceError(message, url=url, status=PaperStatus.TOO_LARGE)


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome and state.outcome.exception()
    asked_s = error.retry_after_s if isinstance(error, _PassingError) else 0.0
    return max(asked_s, _BACKOFF(state))
