"""A folder of PDFs given by the user: by its `manifest.json`, else by file names."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from cnaps_rag.errors import SourceError
from cnaps_rag.records import Origin, PaperStatus
from cnaps_rag.settings import Settings
from cnaps_rag.sources.addresses import PaperAddress, address_of, arxiv_id_of_file
from cnaps_rag.sources.found import FoundPdf, examine

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A file of the folder, and the paper it is said to be.

    Attributes:
        canonical: Canonical address of the paper.
        version: arXiv version that it is said to be, or None where none is stated.
        file: Name of the file, inside the folder.
        sha256: Hash that the file must have, or None.
    """

    canonical: str
    version: int | None
    file: str
    sha256: str | None = None

    def rank(self, version: int | None) -> tuple[bool, bool, int]:
        """Order the offers of one paper: the version asked for, then none stated, then the latest."""
        return self.version == version, self.version is None, self.version or 0


class PdfFolder:
    """Offers the PDFs of a folder.

    The manifest goes first; names count for the files that it does not list.

    An arXiv version counts only where both sides state one: then another version is not the listed paper.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        """Read the manifest and the names of the files.

        Args:
            folder: The folder.
            settings: Name the largest PDF.

        Raises:
            SourceError: There is no such folder, or its manifest cannot be used.
        """
        self._folder = folder
        self._max_bytes = settings.max_pdf_bytes
        try:
            names = {path.name for path in folder.iterdir()}
        except OSError as error:
            message = f"{folder}: no folder of PDFs there ({error.strerror}); give --pdf-dir a folder that can be read"
            raise SourceError(message, url=str(folder)) from error
        self._listed = read_manifest(folder / MANIFEST) if MANIFEST in names else []
        # A file that the manifest gives to one paper is not another paper's because of its name.
        free = sorted(set(names) - {offer.file for offer in self._listed}, reverse=True)
        self._named = {name.lower(): name for name in free if name.lower().endswith(".pdf")}
        self._arxiv = list(_arxiv_offers(self._named.values()))

    def find(self, address: PaperAddress) -> FoundPdf | None:
        """Look a paper up: in the manifest, then by file name.

        Args:
            address: The paper.

        Returns:
            Its PDF, or None where the folder has none.

        Raises:
            SourceError: The folder has it, but as a file that is not what it should be.
        """
        for offer in self._offers(address):
            path = self._folder / offer.file
            found = examine(path, address, origin=Origin.PDF_FOLDER, max_bytes=self._max_bytes)
            if found is None:
                continue
            if offer.sha256 is not None and offer.sha256 != found.sha256:
                message = (
                    f"{path} has the sha256 {found.sha256}, {MANIFEST} says {offer.sha256}; "
                    "replace the file or correct the manifest"
                )
                raise SourceError(message, url=address.url, status=PaperStatus.FAILED)
            return found
        return None

    def near_miss(self, address: PaperAddress) -> str | None:
        """Say what the folder has that comes close to a paper it does not have.

        Args:
            address: A paper that `find` did not find.

        Returns:
            What is there instead and why it does not do, or None.
        """
        for offer in (*self._listed, *self._arxiv):
            if offer.canonical == address.canonical and not _agree(offer.version, address.version):
                return f"{self._folder} has version {offer.version} of it ({offer.file}), listed is {address.version}"
        missing = [offer.file for offer in self._offers(address)]
        return f"{self._folder / MANIFEST} names {missing[0]} for it, which is not there" if missing else None

    def _offers(self, address: PaperAddress) -> list[Offer]:
        """List the files that may be the paper, best first."""
        offers = [*_fitting(self._listed, address), *_fitting(self._arxiv, address)]
        for name in (address.file_name, f"{address.key}.pdf"):
            if name.lower() in self._named:
                file = self._named[name.lower()]
                offers.append(Offer(canonical=address.canonical, version=address.version, file=file))
        return offers


def read_manifest(path: Path) -> list[Offer]:
    """Read a manifest: `[{"url", "file", "sha256"}]`, the hash may be left out.

    Args:
        path: The file.

    Returns:
        Its entries.

    Raises:
        SourceError: It is not such a list, or names a file outside its folder.
    """
    return [_offer(path, number, entry) for number, entry in enumerate(_entries(path), start=1)]


def _entries(path: Path) -> list[Any]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise _broken(path, f"it cannot be read as JSON ({error})") from error
    if not isinstance(entries, list):
        raise _broken(path, "it is not a list")
    return entries


def _offer(path: Path, number: int, entry: Any) -> Offer:
    fields = entry if isinstance(entry, dict) else {}
    url, file, sha256 = fields.get("url"), fields.get("file"), fields.get("sha256")
    if not isinstance(url, str) or not isinstance(file, str):
        raise _broken(path, f'entry {number} has no "url" and "file" that are texts')
    if not _inside(file):
        raise _broken(path, f"entry {number} names {file!r}, which is not inside the folder")
    if sha256 is not None and not (isinstance(sha256, str) and re.fullmatch(r"[0-9A-Fa-f]{64}", sha256)):
        raise _broken(path, f'entry {number} has a "sha256" that is not 64 hexadecimal digits')
    address = address_of(url)
    return Offer(
        canonical=address.canonical,
        version=address.version,
        file=file,
        sha256=None if sha256 is None else sha256.lower(),
    )


def _inside(file: str) -> bool:
    """Tell by the name alone: a link that the user put into the folder may lead out of it."""
    windows = PureWindowsPath(file)
    rooted = PurePosixPath(file).is_absolute() or windows.drive or windows.root
    return bool(windows.name) and "\x00" not in file and not rooted and ".." not in windows.parts


def _broken(path: Path, what: str) -> SourceError:
    message = f'{path}: {what}; expected [{{"url": …, "file": …, "sha256": …}}, …]: correct it, or take it away'
    return SourceError(message, url=str(path))


def _arxiv_offers(names: Iterable[str]) -> Iterable[Offer]:
    for name in names:
        found = arxiv_id_of_file(name)
        if found is not None:
            yield Offer(canonical=f"arxiv:{found.paper}", version=found.version, file=name)


def _fitting(offers: Iterable[Offer], address: PaperAddress) -> list[Offer]:
    same = [o for o in offers if o.canonical == address.canonical and _agree(o.version, address.version)]
    return sorted(same, key=lambda offer: offer.rank(address.version), reverse=True)


def _agree(offered: int | None, listed: int | None) -> bool:
    return offered is None or listed is None or offered == listed
