"""Prepare the corpus: fetch the listed PDFs and build the index of each prompt.

The same as `cnaps-rag build`; see `python scripts/build_index.py --help`.
"""

import sys

from cnaps_rag.cli import build_main

if __name__ == "__main__":
    sys.exit(build_main())
