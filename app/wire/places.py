"""The places where an API keeps what is no text: what it has encrypted or signed, and files.

A value there is looked at by nature (see `nature`): bytes pass as they are, text is read. These
names count wherever they stand in what an API has named; each API's table adds paths of its own.
Where a caller names members as it likes, as in the arguments of a tool, there is no such place.
"""

from __future__ import annotations

OPAQUE = (
    # Anthropic: thinking, compaction, web search, code execution
    *("signature", "encrypted_content", "encrypted_index", "encrypted_stdout"),
    # Gemini, also within `extra_content.google` of an API that is compatible with OpenAI's
    *("thoughtSignature", "thought_signature"),
    # Bedrock, Copilot
    *("encryptedContent", "redactedContent", "reasoning_opaque"),
)
"""Members that a provider has signed or encrypted, and gets back."""

FILES = (
    # OpenAI, and servers that are compatible with it
    *("b64_json", "partial_image_b64", "file_data", "images", "embedding", "embeddings"),
    # Gemini, Vertex, Bedrock, MCP
    *("inlineData", "inline_data", "bytesBase64Encoded", "bytes", "blob"),
)
"""Members that are pictures, recordings, documents or vectors."""
