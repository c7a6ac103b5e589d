"""Bedrock's Converse: as any API, save that its thinking is signed (see `thinking`)."""

from __future__ import annotations

from dataclasses import replace

from app.wire import thinking
from app.wire.apis import plain
from app.wire.json_paths import ValueKind, shape

_SIGNATURE = "output.message.content[].reasoningContent.reasoningText.signature"

CONVERSE = replace(
    plain.PLAIN,
    request=replace(plain.REQUEST, mend=thinking.mended_converse),
    response=replace(plain.ANSWER, document=shape({_SIGNATURE: ValueKind.SIGNATURE})),
)
