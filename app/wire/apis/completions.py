"""OpenAI Completions, the oldest of its APIs; local model servers still speak it."""

from __future__ import annotations

from app.domain.segment import Role
from app.wire.answer.events import AnswerTable, StreamTable
from app.wire.apis.openai_chat import CHOICE, CHUNK, choices_end
from app.wire.apis.openai_error import ERRORS
from app.wire.apis.plain import PLAIN
from app.wire.json_paths import ValueKind, shape
from app.wire.request.prompts import RequestTable
from app.wire.table import STREAMING, TableFormat

REQUEST = RequestTable(
    shape=shape({"prompt": ValueKind.TEXT, "logit_bias": ValueKind.FREE}),
    roles={"prompt": Role.USER, "suffix": Role.USER},
)

ANSWER = AnswerTable(
    stream=StreamTable(
        shape=shape(
            {
                **CHUNK,
                **CHOICE,
                "choices[].text": (ValueKind.TEXT, "text"),
                "choices[].logprobs": ValueKind.DROP,
            },
        ),
        ends=choices_end,
        keep=("index", "finish_reason"),
    ),
    document=shape({"choices[].logprobs": ValueKind.DROP}),
)

_EMBEDDINGS = RequestTable(shape=shape({"input": ValueKind.TEXT}), roles={"input": Role.USER})

COMPLETIONS = TableFormat("openai_completions", REQUEST, ANSWER, ERRORS, STREAMING)
EMBEDDINGS = TableFormat("openai_embeddings", _EMBEDDINGS, PLAIN.response, ERRORS)
