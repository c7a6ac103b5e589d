"""Reading a request: the credential that it must bring, and its JSON body."""

import hmac
import json
from collections.abc import Sequence
from typing import Any

from quart import request

from sandbox.model.behaviour import Behaviour, behaviour_of
from sandbox.model.received import body_of
from sandbox.model.refusals import Fault, JsonObject, Refusal

CREDENTIAL = "sandbox-model-credential"


async def check_bearer() -> None:
    """Want `Authorization: Bearer`, as OpenAI does. Raises Refusal."""
    _check(_bearer())


async def check_api_key() -> None:
    """Want `x-api-key` or Bearer, as Anthropic does. Raises Refusal."""
    _check(request.headers.get("x-api-key") or _bearer())


async def check_goog_api_key() -> None:
    """Want `x-goog-api-key`, `?key=` or Bearer, as Google does. Raises Refusal."""
    named = request.headers.get("x-goog-api-key") or request.args.get("key")
    _check(named or _bearer())


async def check_basic() -> None:
    """Want Basic with the key as user name, or Bearer, as Cursor does. Raises Refusal."""
    basic = request.authorization
    is_basic = basic is not None and basic.type == "basic"
    _check(basic.username if basic is not None and is_basic else _bearer())


def _bearer() -> str | None:
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    return credential if scheme.lower() == "bearer" else None


def _check(presented: str | None) -> None:
    if presented is None:
        raise Refusal(Fault.NO_CREDENTIAL, "This request brings no API key.")
    if not hmac.compare_digest(presented.encode(), CREDENTIAL.encode()):
        raise Refusal(Fault.NO_CREDENTIAL, "This API key is not known here.")


async def read_object() -> JsonObject:
    """Read the body as a JSON object. Raises Refusal when it is anything else."""
    try:
        body = json.loads(await body_of(request))
    except ValueError as error:
        raise Refusal(Fault.BAD_BODY, f"The body cannot be read as JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refusal(Fault.BAD_BODY, "The body must be a JSON object.")
    return body


def want_text(body: JsonObject, name: str) -> str:
    """Take a member that must be a text with something in it. Raises Refusal."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal(Fault.BAD_BODY, f"'{name}' must be a text that is not empty.", name)
    return value


def want_messages(body: JsonObject) -> list[JsonObject]:
    """Take `messages`: objects with a role, one at least. Raises Refusal."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refusal(Fault.BAD_BODY, "'messages' must be a list that is not empty.", "messages")
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            param = f"messages[{place}]"
            raise Refusal(Fault.BAD_BODY, f"'{param}' must be an object with a role.", param)
    return messages


def results_since_asked(items: Sequence[JsonObject], kinds: frozenset[str]) -> int:
    """Count the tool results since a person last asked, in a list of messages or of parts.

    A result is an object with one of `kinds` for its type or role, or among its members.
    """
    done = 0
    for item in reversed(items):
        parts = objects(item.get("content")) or objects(item.get("parts"))
        results = sum(_is_result(each, kinds) for each in (item, *parts))
        if item.get("role") == "user" and not results:
            break
        done += results
    return done


def _is_result(item: JsonObject, kinds: frozenset[str]) -> bool:
    return item.get("type") in kinds or item.get("role") in kinds or bool(kinds & item.keys())


def last_user_text(messages: list[JsonObject]) -> str:
    """Find what the user said last; of content in parts, the text parts, joined."""
    said = next((each for each in reversed(messages) if each["role"] == "user"), {})
    return _text_of(said.get("content"))


def _text_of(content: Any) -> str:  # noqa: ANN401  any JSON may stand here
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return " ".join(text for text in texts if isinstance(text, str))


def objects(value: Any) -> list[JsonObject]:  # noqa: ANN401  any JSON may stand here
    """Keep the objects of what should be a list of them."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def behave(model: str) -> Behaviour:
    """Read the model's switches; raises Refusal for those that refuse before any answer."""
    behaviour = behaviour_of(model)
    if behaviour.ratelimited:
        raise Refusal(Fault.RATE_LIMITED, "Too many requests for this model; try again shortly.")
    if behaviour.failing:
        raise Refusal(Fault.BROKEN, "The model fell over. It was asked to, by its name.")
    return behaviour
