"""The people of the sandbox company, and its one CI job: shared by every stand-in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who can sign in. `key` is how the sandbox's own routes name them.

    `sub` is opaque on purpose: code that takes the e-mail for the subject fails here first.
    """

    key: str
    sub: str
    name: str
    email: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CiJob:
    """A workflow run, with the fields that GitHub Actions puts in its identity tokens."""

    repository: str = "acme/payments"
    repository_id: str = "410238117"
    repository_owner: str = "acme"
    repository_owner_id: str = "90217445"
    ref: str = "refs/heads/main"
    sha: str = "5f0c2b9d81e64a37b6d2e8c1907f4a3512bd6e08"
    actor: str = "alice-chen"
    actor_id: str = "58120934"
    workflow: str = "Release"
    workflow_file: str = ".github/workflows/release.yml"
    run_id: str = "17482093365"
    run_number: str = "214"
    run_attempt: str = "1"
    event_name: str = "push"
    runner_environment: str = "github-hosted"

    @property
    def ref_type(self) -> str:
        return "tag" if self.ref.startswith("refs/tags/") else "branch"


PEOPLE: tuple[Person, ...] = (
    Person("alice", "usr-7c1e04b2", "Alice Chen", "alice@acme.example", ("developers",)),
    Person("dana", "usr-2f9a63d8", "Dana Reyes", "dana@acme.example", ("developers",)),
    Person("maria", "usr-b84d19e5", "Maria Lopez", "maria@acme.example", ("managers", "security")),
    Person("marcus", "usr-05e7c3fa", "Marcus Webb", "marcus@acme.example", ("managers",)),
    Person("ines", "usr-e1620b97", "Ines Roth", "ines@acme.example", ("auditors",)),
)


def find_person(key: str) -> Person | None:
    """Find the person whose key this is, or None."""
    return next((person for person in PEOPLE if person.key == key), None)


def person_with_subject(sub: str) -> Person | None:
    """Find the person whose subject this is, or None."""
    return next((person for person in PEOPLE if person.sub == sub), None)
