"""GET over https from arXiv and CVF: schedule, redirects, retries and limits, whatever the server does."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import BinaryIO, Final
from urllib.parse import urljoin

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from cnaps_rag.errors import SourceError
from cnaps_rag.records import PaperStatus
from cnaps_rag.sources.addresses import AddressKind, as_https, kind_of, refusal_of
from cnaps_rag.sources.schedule import Clock, HostSchedule

MAX_ATTEMPTS: Final = 3
MAX_REDIRECTS: Final = 5
MAX_RETRY_AFTER_S: Final = 60.0
TRANSFER_TIMEOUT_S: Final = 600.0
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
GONE: Final = frozenset({404, 410})
PASSING: Final = frozenset({403, 408, 425, 429})
FIRST_SERVER_ERROR: Final = 500

_BACKOFF = wait_exponential_jitter(initial=1, max=MAX_RETRY_AFTER_S, jitter=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a server sent.

    Attributes:
        final_url: Where it was found, behind all redirects.
        content_type: What the server called it; never trusted, only told.
    """

    final_url: str
    content_type: str


class _PassingError(Exception):
    """A failure that may be over at the next attempt."""

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Transfer:
    """Fetches what stands at an https URL of arXiv or CVF."""

    def __init__(
        self, client: httpx.Client, schedules: Mapping[AddressKind, HostSchedule], clock: Clock, max_bytes: int
    ) -> None:
        """Keep what all requests share.

        Args:
            client: Sends the requests; must not follow redirects by itself.
            schedules: When a request may be sent, by host.
            clock: Time and waiting.
            max_bytes: Larger bodies are refused.
        """
        self._client = client
        self._schedules = schedules
        self._clock = clock
        self._max_bytes = max_bytes

    def fetch(self, url: str, file: BinaryIO) -> Receipt:
        """Fetch a URL into a file, in at most three attempts.

        Args:
            url: An https URL of arXiv or CVF.
            file: Takes the body; what an attempt left in it is cut off before the next.

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
            return attempts(self._follow, url, file)
        except _PassingError as error:
            count = int(attempts.statistics["attempt_number"])
            message = f"{error} (tried {count} times)"
            raise SourceError(message, url=url, status=PaperStatus.FAILED, attempt=count) from error

    def _follow(self, url: str, file: BinaryIO) -> Receipt:
        asked = url
        for _ in range(MAX_REDIRECTS + 1):
            with _mapped(url), self._schedules[kind_of(url)].turn(), self._client.stream("GET", url) as response:
                if response.status_code not in REDIRECTS:
                    self._save(response, file)
                    return Receipt(final_url=url, content_type=response.headers.get("content-type", "nothing said"))
                url = _target(url, response)
        raise SourceError(f"{asked} redirects more than {MAX_REDIRECTS} times", url=asked)

    def _save(self, response: httpx.Response, file: BinaryIO) -> None:
        self._judge(response)
        file.seek(0)
        file.truncate()
        url, size, start_s = str(response.url), 0, self._clock.monotonic()
        # Raw bytes: decoding would let a small body grow without bound, and no PDF is sent encoded when not asked for.
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > self._max_bytes:
                raise _too_large(url, self._max_bytes)
            if self._clock.monotonic() - start_s > TRANSFER_TIMEOUT_S:
                raise SourceError(f"{url}: not finished after {TRANSFER_TIMEOUT_S:.0f} s", url=url)
            file.write(chunk)

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


def _target(url: str, response: httpx.Response) -> str:
    target = response.headers.get("location", "")
    with contextlib.suppress(ValueError):
        target = target and urljoin(url, target)
    refusal = refusal_of(target)
    if refusal is not None:
        raise SourceError(f"{url} redirects to {target!r}, which is not followed: {refusal}", url=url)
    return as_https(target)


def _too_large(url: str, max_bytes: int) -> SourceError:
    message = f"{url}: more than the {max_bytes:,} bytes that Settings.max_pdf_bytes allows"
    return SourceError(message, url=url, status=PaperStatus.TOO_LARGE)


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome and state.outcome.exception()
    asked_s = error.retry_after_s if isinstance(error, _PassingError) else 0.0
    return max(asked_s, _BACKOFF(state))
