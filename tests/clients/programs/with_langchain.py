"""A developer's program on LangChain: answers each line of JSON on its input with another."""

from __future__ import annotations

import json
import sys

from langchain_openai import ChatOpenAI


def ask(prompt: str, model: str, *, stream: bool) -> str:
    chat = ChatOpenAI(model=model)
    if stream:
        return "".join(str(chunk.text) for chunk in chat.stream(prompt))
    return str(chat.invoke(prompt).text)


for line in sys.stdin:
    try:
        print(json.dumps({"said": ask(**json.loads(line))}), flush=True)
    except Exception as error:  # noqa: BLE001 - what the developer sees
        print(json.dumps({"error": type(error).__name__, "message": str(error)}), flush=True)
