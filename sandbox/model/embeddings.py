"""Embeddings: numbers that are the same for the same text, and mean nothing else."""

import base64
import hashlib
import struct
from collections.abc import Sequence

from sandbox.model.answers import tokens
from sandbox.model.refusals import Fault, JsonObject, Refusal

DIMENSIONS = 64


def vector(text: str) -> list[float]:
    """Return as many numbers of -1 to 1 as there are dimensions."""
    digest = hashlib.shake_256(text.encode()).digest(DIMENSIONS)
    return [byte / 127.5 - 1 for byte in digest]


def embedded(body: JsonObject) -> JsonObject:
    """Answer OpenAI's `/embeddings`. Raises Refusal."""
    texts = _texts(body.get("input"))
    as_base64 = body.get("encoding_format") == "base64"
    used = sum(tokens(text) for text in texts)
    return {
        "object": "list",
        "model": body["model"],
        "data": [
            {
                "object": "embedding",
                "index": index,
                "embedding": _packed(vector(text)) if as_base64 else vector(text),
            }
            for index, text in enumerate(texts)
        ],
        "usage": {"prompt_tokens": used, "total_tokens": used},
    }


def _texts(asked: object) -> list[str]:
    texts = [asked] if isinstance(asked, str) else asked
    if not isinstance(texts, list) or not texts or not all(isinstance(each, str) for each in texts):
        raise Refusal(Fault.BAD_BODY, "The input must be a text, or a list of texts.", "input")
    return texts


def _packed(numbers: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
