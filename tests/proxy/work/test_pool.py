"""Large messages are worked on in other processes, which come and go."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from app.domain.record.session import RecordedRequest
from app.errors import Fault, Reason, Refused, WorkerLost
from policies.loader import load_catalog
from policies.matching.known import NOTHING_KNOWN, Known
from proxy.replay.telling import Recorded, told
from proxy.work.pool import WORKERS, Pool
from proxy.work.process import GROWTH_BYTES
from proxy.work.threads import LARGE_BYTES, SMALL_BYTES
from tests.proxy.work import deeds
from tests.proxy.work.conftest import ended

if TYPE_CHECKING:
    from policies.compiled_catalog import Catalog

pytestmark = pytest.mark.asyncio(loop_scope="package")

RULE = """
- id: none
  title: A prompt that nobody sends
  on: request
  when: {{prompt: {{words: [{word}]}}}}
  then: deny
  risk: low
  explain: Say something else.
  examples: {{match: ["{word}"], skip: ["hello"]}}
"""


async def test_what_is_large_is_done_in_another_process_and_the_rest_here(pool: Pool) -> None:
    assert await pool.do(LARGE_BYTES - 1, deeds.process) == os.getpid()
    assert await pool.do(LARGE_BYTES, deeds.process) != os.getpid()


async def test_where_nothing_was_masked_no_thread_is_waited_for(pool: Pool) -> None:
    release = threading.Event()
    both = [asyncio.ensure_future(pool.threads.do(SMALL_BYTES, release.wait)) for _ in range(2)]
    nothing = asyncio.ensure_future(pool.warm(SMALL_BYTES, NOTHING_KNOWN))
    some = asyncio.ensure_future(pool.warm(SMALL_BYTES, Known({"Tr0ub4dor&3": "[password]"})))
    await asyncio.sleep(0)
    assert (nothing.done(), some.done()) == (True, False)
    release.set()
    await asyncio.gather(*both, some)


async def test_a_worker_does_one_message_after_another(pool: Pool) -> None:
    first = await pool.do(LARGE_BYTES, deeds.process)
    assert await pool.do(LARGE_BYTES, deeds.process) == first


async def test_a_worker_has_all_that_it_takes_to_draw_a_page(pool: Pool) -> None:
    said = f"```python\nprint(1)\n```\n{json.dumps({'a': [1, None]})}"
    body = json.dumps({"messages": [{"role": "user", "content": said}]}).encode()
    request = RecordedRequest("POST", "v1/messages", "", (), body, "digest")
    before = await pool.do(LARGE_BYTES, deeds.modules)
    recorded = Recorded("anthropic", request, None, (), ())
    [halves] = await pool.do(LARGE_BYTES, partial(told, [recorded], 0))
    assert "print" in halves.asked[0].body
    assert await pool.do(LARGE_BYTES, deeds.modules) == before


async def test_as_many_work_at_a_time_as_there_may_be(pool: Pool, tmp_path: Path) -> None:
    go = tmp_path / "go"
    wait = partial(deeds.wait_for, go)
    working = [asyncio.ensure_future(pool.do(LARGE_BYTES, wait)) for _ in range(WORKERS + 2)]
    await asyncio.sleep(0)
    go.touch()
    assert len(set(await asyncio.gather(*working))) <= WORKERS


async def test_a_worker_that_is_killed_fails_its_message_alone(pool: Pool) -> None:
    with pytest.raises(WorkerLost):
        await pool.do(LARGE_BYTES, deeds.die)
    assert await pool.do(LARGE_BYTES, deeds.process) != os.getpid()


async def test_an_idle_worker_that_was_killed_is_not_asked(pool: Pool) -> None:
    worker = await pool.do(LARGE_BYTES, deeds.process)
    os.kill(worker, signal.SIGKILL)
    await ended(worker)
    assert await pool.do(LARGE_BYTES, deeds.process) not in {worker, os.getpid()}


async def test_a_worker_that_has_grown_gives_its_memory_back(pool: Pool) -> None:
    first = await pool.do(LARGE_BYTES, partial(deeds.grow, 2 * GROWTH_BYTES))
    await ended(first)
    second = await pool.do(LARGE_BYTES, partial(deeds.grow, GROWTH_BYTES // 2))
    assert await pool.do(LARGE_BYTES, deeds.process) == second != first


async def test_work_that_nobody_waits_for_ends(pool: Pool, tmp_path: Path) -> None:
    told = tmp_path / "told"
    os.mkfifo(told)
    never = partial(deeds.tell_and_wait, told, tmp_path / "never")
    working = asyncio.ensure_future(pool.do(LARGE_BYTES, never))
    worker = int(await asyncio.to_thread(told.read_text))
    working.cancel()
    await ended(worker)
    with pytest.raises(asyncio.CancelledError):
        await working


async def test_what_work_refuses_is_refused_here(pool: Pool) -> None:
    with pytest.raises(Refused, match="no") as refused:
        await pool.do(LARGE_BYTES, deeds.refuse)
    assert (refused.value.reason, refused.value.rule) == (Reason.POLICY_DENIED, "r")


async def test_a_surprise_is_logged_without_its_words(pool: Pool) -> None:
    with capture_logs() as logs, pytest.raises(Fault):
        await pool.do(LARGE_BYTES, deeds.surprise)
    assert [(line["kind"], "deeds.py" in line["at"]) for line in logs] == [("ValueError", True)]
    assert "caller" not in str(logs)


async def test_a_worker_has_no_secrets_of_the_gateway(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABEYANCE_VAULT_KEY", "secret")
    assert set(await pool.do(LARGE_BYTES, deeds.environment)) <= {"PYTHONPATH", "LC_CTYPE"}


async def test_a_template_that_ended_is_replaced(pool: Pool) -> None:
    (template,) = _children(os.getpid())
    os.kill(template, signal.SIGKILL)
    await ended(template)
    await pool.tend()
    assert await pool.do(LARGE_BYTES, deeds.process) != os.getpid()


async def test_workers_have_the_catalog_that_a_message_is_asked_under(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    former, later = _catalog(tmp_path, "xyzzy"), _catalog(tmp_path, "plugh")
    current = former
    _catalog(tmp_path, "xyzzy")
    with closing(Pool(tmp_path, lambda: current)) as pool:
        await pool.tend()
        process, revision = await pool.do(LARGE_BYTES, deeds.revision)
        assert (process == os.getpid(), revision) == (False, former.revision)
        current = _catalog(tmp_path, "plugh")
        # Until it is loaded there too, and for a message of before, the work is done here.
        assert await pool.do(LARGE_BYTES, deeds.revision) == (os.getpid(), later.revision)
        await pool.tend()
        process, revision = await pool.do(LARGE_BYTES, deeds.revision)
        assert (process == os.getpid(), revision) == (False, later.revision)
        mine = os.getpid(), former.revision
        assert await pool.do(LARGE_BYTES, deeds.revision, former) == mine
        (tmp_path / "catalog" / "rule.yaml").write_text("- nothing: valid\n")
        current = former
        await pool.tend()
        assert await pool.do(LARGE_BYTES, deeds.revision) == mine


GATEWAY = """
import asyncio
from functools import partial
from pathlib import Path
from proxy.work.pool import Pool
from policies.loader import SHIPPED, load_catalog
from tests.proxy.work import deeds

async def main():
    catalog = load_catalog(SHIPPED)
    pool = Pool(SHIPPED, lambda: catalog)
    await pool.tend()
    print(await pool.do(10**6, deeds.process), flush=True)
    await pool.do(10**6, partial(deeds.wait_for, Path("never")))

asyncio.run(main())
"""


async def test_no_process_outlives_a_gateway_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", GATEWAY], stdout=subprocess.PIPE) as gateway:
        assert gateway.stdout is not None
        worker = int(gateway.stdout.readline())
        (template,) = _children(gateway.pid)
        gateway.kill()
    await ended(worker, template)


def _children(process: int) -> list[int]:
    """Return the templates and workers that a process has started, and none of its others."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [child for child in children if b"proxy.work" in _command(child)]


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def _catalog(directory: Path, word: str) -> Catalog:
    (directory / "catalog" / "rule.yaml").write_text(RULE.format(word=word))
    return load_catalog(directory)
