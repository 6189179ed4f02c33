"""`python -m cnaps_rag` is the command line."""

import sys

from cnaps_rag.cli import main

if __name__ == "__main__":
    sys.exit(main())
