"""Which host a listed URL stands for, and what the paper behind it is called on disk."""

import hashlib
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import SplitResult, quote, unquote, urlsplit

ARXIV_HOSTS = frozenset({"arxiv.org", "www.arxiv.org", "export.arxiv.org"})
CVF_HOSTS = frozenset({"openaccess.thecvf.com", "www.openaccess.thecvf.com"})
DEFAULT_PORTS = {"http": 80, "https": 443}
NO_HOSTS: frozenset[str] = frozenset()
MAX_KEY_CHARS = 96
HASH_CHARS = 8

_VERSION = r"(?:v(?P<version>[1-9][0-9]{0,3}))?"
_NEW_ID = r"(?P<new>[0-9]{4}\.[0-9]{4,5})"
_ARCHIVE = r"(?P<archive>[a-z]+(?:-[a-z]+)?)(?:\.[a-z]+(?:-[a-z]+)?)?"
_NUMBER = r"(?P<number>[0-9]{7})"
_FLAGS = re.ASCII | re.IGNORECASE
_ARXIV_ID = re.compile(rf"(?:arxiv:)?(?:{_NEW_ID}|{_ARCHIVE}/{_NUMBER}){_VERSION}", _FLAGS)
_ARXIV_PATH = re.compile(r"/+(?:abs|pdf|html|ps|format)/+(?P<id>.+?)(?:\.pdf)?/*", _FLAGS)
_ARXIV_FILE = re.compile(rf"(?:arxiv[-_.]?)?(?:{_NEW_ID}|{_ARCHIVE}[-_.]?{_NUMBER}){_VERSION}\.pdf", _FLAGS)
_CVF_PATH = re.compile(
    r"/content[_/](?P<event>\w+)(?:/(?P<before>[\w.]+))?/papers(?:/(?P<after>[\w.]+))?"
    r"/(?P<stem>[\w.+-]+?)(?P<suffix>_[a-z]+_(?:19|20)[0-9]{2}_paper)\.pdf",
    _FLAGS,
)


class AddressKind(StrEnum):
    """Whose address it is; the last kind is never fetched from, the third only where the user allows its host."""

    ARXIV = "arxiv"
    CVF = "cvf"
    ALLOWED = "allowed"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArxivId:
    """An arXiv identifier.

    Attributes:
        paper: The identifier without version and subject class: `2012.09161`, `math/0309136`.
        version: The version, or None where none is stated.

    Source: https://info.arxiv.org/help/arxiv_identifier_for_services.html
    """

    paper: str
    version: int | None = None

    def __str__(self) -> str:
        """Write it as arXiv does."""
        return self.paper if self.version is None else f"{self.paper}v{self.version}"

    @property
    def file_stem(self) -> str:
        """The identifier as a file name takes it."""
        return str(self).replace("/", ".")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperAddress:
    """A listed URL, understood.

    Attributes:
        url: The URL as listed.
        kind: Whose address it is.
        key: Readable name of the paper's folder in the corpus; equal for all spellings of one address.
        canonical: What all spellings of one address have in common; an arXiv version is left out.
        file_name: Name under which a folder of PDFs is expected to hold the paper.
        site: Whose schedule its requests keep: one for all hosts of arXiv, one for CVF's, one for each allowed host.
        download_url: Where the PDF is fetched from, https; None where nothing is ever fetched.
        arxiv: The arXiv identifier, or None.
        refusal: Why nothing is ever fetched from there, or None.
    """

    url: str
    kind: AddressKind
    key: str
    canonical: str
    file_name: str
    site: str = ""
    download_url: str | None = None
    arxiv: ArxivId | None = None
    refusal: str | None = None

    @property
    def version(self) -> int | None:
        """The arXiv version, or None where none is stated."""
        return None if self.arxiv is None else self.arxiv.version


def address_of(url: str, allowed: frozenset[str] = NO_HOSTS) -> PaperAddress:
    """Understand a listed URL.

    Args:
        url: Any text; what is no address of arXiv, CVF or an allowed host is of the kind `other`.
        allowed: Further hosts that may be fetched from.

    Returns:
        The address.
    """
    refusal = refusal_of(url, allowed)
    if refusal is not None:
        return _other(url, refusal)
    parts = urlsplit(url.strip())
    match kind_of(url, allowed):
        case AddressKind.ARXIV:
            return _arxiv(url, unquote(parts.path))
        case AddressKind.CVF:
            return _cvf(url, unquote(parts.path))
        case kind:
            host = _host(url)
            return replace(_other(url, ""), kind=kind, site=host, download_url=as_https(url.strip()), refusal=None)


def kind_of(url: str, allowed: frozenset[str] = NO_HOSTS) -> AddressKind:
    """Tell whose host a URL names.

    Args:
        url: Any text.
        allowed: Further hosts that may be fetched from.

    Returns:
        The kind; `other` where the URL cannot be split.
    """
    host = _host(url)
    if host in ARXIV_HOSTS:
        return AddressKind.ARXIV
    if host in CVF_HOSTS:
        return AddressKind.CVF
    return AddressKind.ALLOWED if host in allowed else AddressKind.OTHER


def site_of(url: str) -> str:
    """Name the schedule that requests to a URL keep.

    Args:
        url: A URL that `refusal_of` has no objection to.

    Returns:
        The name: equal for all hosts of arXiv and for all of CVF, else the host's own.
    """
    kind = kind_of(url)
    return _host(url) if kind is AddressKind.OTHER else kind.value


def refusal_of(url: str, allowed: frozenset[str] = NO_HOSTS) -> str | None:
    """Say why nothing may be fetched from a URL, whether listed or the target of a redirect.

    Args:
        url: Any text.
        allowed: Further hosts that may be fetched from.

    Returns:
        The reason, or None where the URL names arXiv, CVF or an allowed host, and nothing odd.
    """
    parts = _split(url)
    if parts is None or parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return "it is not a web address"
    if "@" in parts.netloc:
        return "the URL carries credentials"
    if parts.port not in {None, DEFAULT_PORTS[parts.scheme]}:
        return f"the URL names port {parts.port}"
    if kind_of(url, allowed) is AddressKind.OTHER:
        return f"{parts.hostname} is neither arXiv nor CVF, nor a host allowed with --allow-host"
    return None


def as_https(url: str) -> str:
    """Upgrade a URL that was not refused to https.

    Args:
        url: A URL that `refusal_of` has no objection to.

    Returns:
        The same address over https, without port and fragment.
    """
    parts = urlsplit(url)
    return parts._replace(scheme="https", netloc=parts.hostname or "", fragment="").geturl()


def arxiv_id(text: str) -> ArxivId | None:
    """Read an arXiv identifier.

    Args:
        text: `2012.09161`, `2012.09161v1`, `cs/0112017`, `math.GT/0309136v2`, perhaps after `arXiv:`.

    Returns:
        The identifier, or None where the text is none.
    """
    return _identifier(_ARXIV_ID.fullmatch(text))


def arxiv_id_of_file(name: str) -> ArxivId | None:
    """Read the arXiv identifier that a file is named by.

    Args:
        name: `2012.09161.pdf`, `arxiv-2012.09161v1.pdf`, `cs_0112017.pdf`, `math.GT.0309136.pdf`.

    Returns:
        The identifier, or None where the name holds none.
    """
    return _identifier(_ARXIV_FILE.fullmatch(name))


def _identifier(match: re.Match[str] | None) -> ArxivId | None:
    if match is None:
        return None
    version = match["version"] and int(match["version"])
    return ArxivId(paper=match["new"] or f"{match['archive'].lower()}/{match['number']}", version=version or None)


def _arxiv(url: str, path: str) -> PaperAddress:
    match = _ARXIV_PATH.fullmatch(path)
    found = None if match is None else arxiv_id(match["id"])
    if found is None:
        return _other(url, "it is not the address of one arXiv paper")
    return PaperAddress(
        url=url,
        kind=AddressKind.ARXIV,
        site=AddressKind.ARXIV.value,
        key=f"arxiv-{found.file_stem}",
        canonical=f"arxiv:{found.paper}",
        file_name=f"{found.file_stem}.pdf",
        download_url=f"https://arxiv.org/pdf/{found}",
        arxiv=found,
    )


def _cvf(url: str, path: str) -> PaperAddress:
    path = path.encode(errors="replace").decode()
    segments = [segment for segment in path.split("/") if segment]
    if not path.lower().endswith(".pdf") or {".", ".."} & set(segments):
        return _other(url, "it is not the address of a CVF paper's PDF")
    path = "/" + "/".join(segments)
    canonical = f"cvf:{path}"
    readable = segments[-1][: -len(".pdf")]
    match = _CVF_PATH.fullmatch(path)
    if match is not None:
        named = (match["event"].replace("_", "").upper(), match["before"], match["after"])
        event = ".".join(part for part in named if part)
        readable = f"{event}-{match['stem']}"
        canonical = f"cvf:{event}/{segments[-1]}"
    return PaperAddress(
        url=url,
        kind=AddressKind.CVF,
        site=AddressKind.CVF.value,
        key=_key(f"cvf-{readable}", canonical, unique=match is not None),
        canonical=canonical,
        file_name=segments[-1],
        download_url="https://openaccess.thecvf.com" + quote(path),
    )


def _other(url: str, refusal: str) -> PaperAddress:
    parts = _split(url)
    host = "unknown" if parts is None else (parts.hostname or "unknown").removeprefix("www.")
    path, query = ("", url) if parts is None else (parts.path, parts.query)
    port = "" if parts is None or parts.port in {None, *DEFAULT_PORTS.values()} else f":{parts.port}"
    canonical = f"web:{host}{port}{unquote(path).rstrip('/')}" + (f"?{query}" if query else "")
    name = unquote(path).rstrip("/").rpartition("/")[2]
    stem = name[: -len(".pdf")] if name.lower().endswith(".pdf") else name
    key = _key(f"web-{host}-{stem}" if stem else f"web-{host}", canonical, unique=False)
    is_file_name = stem and stem != name and not re.search(r"[\\\x00-\x1f]", name)
    return PaperAddress(
        url=url,
        kind=AddressKind.OTHER,
        key=key,
        canonical=canonical,
        file_name=name if is_file_name else f"{key}.pdf",
        refusal=refusal,
    )


def _key(readable: str, canonical: str, *, unique: bool) -> str:
    safe = re.sub(r"[^A-Za-z0-9._+-]+|\.{2,}", "_", readable)
    if unique and safe == readable and len(safe) <= MAX_KEY_CHARS:
        return safe
    digest = hashlib.sha256(canonical.encode(errors="backslashreplace")).hexdigest()[:HASH_CHARS]
    return f"{safe[: MAX_KEY_CHARS - HASH_CHARS - 1].rstrip('._-')}-{digest}"


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
        _ = parts.port  # raises where the port is no number
    except ValueError:
        return None
    return parts


def _host(url: str) -> str:
    parts = _split(url)
    host = "" if parts is None else (parts.hostname or "").removesuffix(".")
    try:
        return host.encode("idna").decode().lower()
    except UnicodeError:
        return host
