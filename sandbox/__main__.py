"""`python -m sandbox`: the stand-ins, all in one process."""

import asyncio
import json
import signal
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from sandbox.parts import Part, PartFailed, PortRefused, idp_part, model_part, run_parts, slack_part

NAMES = ("slack", "idp", "model")
MISUSED = 2
BROKEN = 1


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM.

    Returns the exit status: 2 when a port cannot be had, 1 when a part stopped by itself.
    """
    options = _parse(arguments)
    options.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        asyncio.run(_run(_parts(options)))
    except ExceptionGroup as group:
        failures, others = group.split(PartFailed)
        if failures is None or others is not None:
            raise
        return _complain(failures)
    return 0


def _complain(failures: ExceptionGroup[PartFailed]) -> int:
    for failure in failures.exceptions:
        sys.stderr.write(f"sandbox: {failure}\n")
    return MISUSED if failures.subgroup(PortRefused) else BROKEN


async def _run(parts: list[Part]) -> None:
    shutdown = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, shutdown.set)
    await run_parts(parts, shutdown, _announce)


def _announce(addresses: dict[str, dict[str, str]]) -> None:
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()


def _parts(options: Namespace) -> list[Part]:
    request_url = options.slack_request_url if options.slack_mode == "http" else None
    every = {
        "slack": slack_part(options.slack_port, options.data, request_url),
        "idp": idp_part(options.idp_port, options.data),
        "model": model_part(options.model_port),
    }
    return [every[name] for name in options.only]


def _parse(arguments: list[str] | None) -> Namespace:
    parser = ArgumentParser(prog="python -m sandbox", description=__doc__)
    for name in NAMES:
        parser.add_argument(
            f"--{name}-port", type=_port, default=0, metavar="PORT", help="0 takes any free port"
        )
    parser.add_argument("--data", type=Path, required=True, help="where keys and messages are kept")
    parser.add_argument(
        "--only", type=_names, default=NAMES, metavar="NAME,…", help=f"of {', '.join(NAMES)}"
    )
    parser.add_argument("--slack-mode", choices=("socket", "http"), default="socket")
    parser.add_argument("--slack-request-url", metavar="URL", help="where http mode posts to")
    options = parser.parse_args(arguments)
    if options.slack_mode == "http" and not options.slack_request_url:
        parser.error("--slack-mode http needs --slack-request-url, the bot's /-/slack/events")
    return options


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError(text)
    return number


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if not set(names) <= set(NAMES):
        raise ValueError(text)
    return names


if __name__ == "__main__":
    sys.exit(main())
