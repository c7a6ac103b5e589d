"""Cursor's cloud agents, kept in memory, for both versions of that API."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import NAMESPACE_OID, uuid5

from sandbox.model.answers import PLANTED_KEY
from sandbox.model.behaviour import Behaviour, behaviour_of
from sandbox.model.cursor.runs import CREATED_AT, Run, RunStatus
from sandbox.model.refusals import Fault, JsonObject, Refusal

T = TypeVar("T", "Agent", Run)


@dataclass(slots=True)
class Agent:
    """A durable agent; its runs in the order in which they were asked for."""

    id: str
    name: str
    source: JsonObject
    model: str
    runs: list[Run] = field(default_factory=list)
    archived: bool = False

    @property
    def is_busy(self) -> bool:
        return any(run.status is RunStatus.RUNNING for run in self.runs)

    @property
    def repository(self) -> str:
        """Return where it works, however its version of the API says so."""
        return str(self.source.get("repository") or _first_url(self.source.get("repos")))

    @property
    def pull_requests(self) -> set[str]:
        repos = self.source.get("repos") or []
        return {repo["prUrl"] for repo in repos if repo.get("prUrl")}

    @property
    def artifacts(self) -> dict[str, bytes]:
        """What its runs have left: a report for each that has finished."""
        leaked = PLANTED_KEY if behaviour_of(self.model).leaky else "nothing"
        return {
            f"artifacts/report-{number}.md": f"# Report\n\nFound {leaked}.\n{run.prompt}\n".encode()
            for number, run in enumerate(self.runs, 1)
            if run.status is RunStatus.FINISHED
        }

    def describe_artifacts(self) -> list[JsonObject]:
        return [
            {"path": path, "sizeBytes": len(body), "updatedAt": CREATED_AT}
            for path, body in self.artifacts.items()
        ]

    def artifact(self, path: str | None) -> bytes:
        """Raise Refusal when it has left nothing of this name."""
        found = self.artifacts.get(path or "")
        if found is None:
            raise Refusal(Fault.NOT_FOUND, f"This agent has no artifact {path!r}.", "path")
        return found

    def run(self, run_id: str) -> Run:
        """Find a run of this agent. Raises Refusal when there is none of this id."""
        found = next((run for run in self.runs if run.id == run_id), None)
        if found is None:
            raise Refusal(Fault.NOT_FOUND, f"This agent has no run {run_id!r}.")
        return found


class Agents:
    """All agents, by their ids."""

    def __init__(self) -> None:
        self._agents: dict[str, Agent] = {}
        self._by_key: dict[str, Agent] = {}
        self._made = 0
        self._runs = 0

    def all(self) -> list[Agent]:
        """Return them, the latest first."""
        return list(reversed(self._agents.values()))

    def find(self, agent_id: str) -> Agent:
        """Raise Refusal when there is no agent of this id."""
        if agent_id not in self._agents:
            raise Refusal(Fault.NOT_FOUND, f"There is no agent {agent_id!r}.")
        return self._agents[agent_id]

    def made_with(self, key: str | None) -> Agent | None:
        """Find the agent that this Idempotency-Key made before."""
        return self._by_key.get(key) if key else None

    def create(
        self, name: str, model: str, source: JsonObject, key: str | None, agent_id: str = ""
    ) -> Agent:
        """Make an agent, of the id that its client chose if it did. Its first run is for `start`.

        Raises Refusal where there is one of that id.
        """
        if agent_id in self._agents:
            raise Refusal(Fault.ID_CONFLICT, f"There is an agent {agent_id!r} already.", "agentId")
        self._made += 1
        agent = Agent(agent_id or f"bc-{_uuid('agent', self._made)}", name, source, model)
        self._agents[agent.id] = agent
        if key:
            self._by_key[key] = agent
        return agent

    def start(self, agent: Agent, prompt: str, behaviour: Behaviour) -> Run:
        """Start a run. Raises Refusal while another one of this agent goes on."""
        if agent.is_busy:
            raise Refusal(Fault.BUSY, "This agent works on another run; wait, or cancel that one.")
        self._runs += 1
        run_id = f"run-{_uuid('run', self._runs)}"
        run = Run(run_id, agent.id, prompt, behaviour, agent.repository)
        agent.runs.append(run)
        return run

    def delete(self, agent_id: str) -> None:
        """Raise Refusal when there is no agent of this id."""
        del self._agents[self.find(agent_id).id]

    def release(self) -> int:
        """Let every stalled run go on; returns how many they were."""
        return sum(run.release() for agent in self._agents.values() for run in agent.runs)


def page(items: Iterable[T], limit: int | None, cursor: str | None) -> tuple[list[T], JsonObject]:
    """Cut a page out of a list: after the item whose id the cursor is; and where it goes on."""
    every = list(items)
    ids = [item.id for item in every]
    start = ids.index(cursor) + 1 if cursor in ids else 0
    shown = every[start : start + min(limit or 20, 100)]
    more = start + len(shown) < len(every)
    return shown, {"nextCursor": shown[-1].id} if more else {}


def _uuid(kind: str, number: int) -> str:
    return str(uuid5(NAMESPACE_OID, f"{kind} {number}"))


def _first_url(repos: object) -> str:
    first = repos[0] if isinstance(repos, list) and repos else {}
    return str(first.get("url", "")) if isinstance(first, dict) else ""
