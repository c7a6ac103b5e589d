"""A developer's program on LiteLLM: answers each line of JSON on its input with another."""

from __future__ import annotations

import json
import sys

import litellm

litellm.suppress_debug_info = True


def ask(prompt: str, model: str, *, stream: bool) -> str:
    said = [{"role": "user", "content": prompt}]
    answer = litellm.completion(model=f"openai/{model}", messages=said, stream=stream)
    if stream:
        return "".join(chunk.choices[0].delta.content or "" for chunk in answer)
    return str(answer.choices[0].message.content)


for line in sys.stdin:
    try:
        print(json.dumps({"said": ask(**json.loads(line))}), flush=True)
    except Exception as error:  # noqa: BLE001 - what the developer sees
        print(json.dumps({"error": type(error).__name__, "message": str(error)}), flush=True)
