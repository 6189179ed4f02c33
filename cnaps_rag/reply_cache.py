"""Replies of chat models on disk, by model and request. Off unless a folder is named."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnaps_rag.storage import write_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyCache:
    """A folder with one JSON file a reply.

    Attributes:
        folder: The folder; made when the first reply is kept.
    """

    folder: Path

    def get(self, model: str, request: Any) -> str | None:
        """Look up a reply.

        Args:
            model: What identifies the model and its parameters.
            request: Messages and schema, as JSON has them.

        Returns:
            The reply, or None where there is none that can be read.
        """
        path = self._path(model, request)
        try:
            kept = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        reply = kept.get("reply") if isinstance(kept, dict) and kept.get("model") == model else None
        return reply if isinstance(reply, str) else None

    def put(self, model: str, request: Any, reply: str) -> None:
        """Keep a reply.

        Args:
            model: What identifies the model and its parameters.
            request: Messages and schema, as JSON has them.
            reply: The reply.
        """
        # plain ASCII, because a reply may hold lone surrogates, which UTF-8 has no form for
        text = json.dumps({"model": model, "request": request, "reply": reply}, indent=1)
        write_bytes(self._path(model, request), f"{text}\n".encode())

    def _path(self, model: str, request: Any) -> Path:
        key = json.dumps([model, request], sort_keys=True)
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
