"""Where the PDFs of listed papers come from: a folder given by the user, the corpus, or arXiv and CVF.

Only what a prompt lists is ever fetched, and only from those two hosts; `Library` asks the sources in that order.
"""

from cnaps_rag.sources.addresses import AddressKind, ArxivId, PaperAddress, address_of
from cnaps_rag.sources.library import FetchedPaper, Library, PaperSource
from cnaps_rag.sources.schedule import Clock

__all__ = ["AddressKind", "ArxivId", "Clock", "FetchedPaper", "Library", "PaperAddress", "PaperSource", "address_of"]
