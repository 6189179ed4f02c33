"""How neural networks are loaded and run here: without noise, and in bfloat16 where the processor is made for it."""

import logging
import os
from contextlib import AbstractContextManager
from typing import Any

BFLOAT16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16")


def silence() -> None:
    """Keep transformers' progress bars and advice off the command line, unless their own variables ask for them."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def precision(device: str) -> AbstractContextManager[Any]:
    """Multiply in bfloat16 where the processor has instructions for it: less than half the time, cosines of 0.9999.

    Args:
        device: Type of the device that the network runs on, as torch names it.

    Returns:
        A context to run the network in.
    """
    import torch

    capabilities: Any = getattr(torch.cpu, "get_capabilities", dict)()  # an older torch does not tell
    fast = device == "cpu" and any(capabilities.get(name) for name in BFLOAT16_INSTRUCTIONS)
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=fast)
