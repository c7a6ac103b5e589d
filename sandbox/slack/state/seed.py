"""Who and what is in the sandbox workspace, with ids that never change.

The tokens and the secret are public by design: they open nothing but the sandbox.
"""

from sandbox.slack.state.model import Channel, Command, Person, UserGroup

TEAM_ID = "T0ACME0001"
TEAM_NAME = "Acme"
TEAM_DOMAIN = "acme"
APP_ID = "A0ABEYANCE"
APP_NAME = "Abeyance"
BOT_ID = "B0ABEYANCE"
BOT_USER_ID = "U0ABEYANCE"

BOT_TOKEN = "xoxb-sandbox-abeyance-bot"
APP_TOKEN = "xapp-1-A0ABEYANCE-sandbox-abeyance-app"
SIGNING_SECRET = "5a6e64626f782d736c61636b2d7369676e"
VERIFICATION_TOKEN = "sandbox-verification-token"

BOT_SCOPES = (
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "users:read",
    "users:read.email",
    "users.profile:read",
    "usergroups:read",
    "files:write",
)
APP_SCOPES = ("connections:write",)

SEEDED_AT = 1_767_225_600  # 2026-01-01T00:00:00Z, the day the workspace was made

ALICE = Person("U0ALICE001", "alice", "Alice Chen", "alice@acme.example", "Developer", "#2f7d8c")
DANA = Person("U0DANA0001", "dana", "Dana Reyes", "dana@acme.example", "Developer", "#b0563b")
MARIA = Person("U0MARIA001", "maria", "Maria Lopez", "maria@acme.example", "Manager", "#7a4fb5")
MARCUS = Person("U0MARCUS01", "marcus", "Marcus Webb", "marcus@acme.example", "Manager", "#3a6fb8")
INES = Person("U0INES0001", "ines", "Ines Roth", "ines@acme.example", "Auditor", "#5c7a29")
BOT = Person(BOT_USER_ID, "abeyance", APP_NAME, "", "", "#4b3a8f", is_bot=True)

PEOPLE = (ALICE, DANA, MARIA, MARCUS, INES)

USERGROUPS = (
    UserGroup("S0MANAGERS", "managers", "Managers", (MARIA.id, MARCUS.id)),
    UserGroup("S0AUDITORS", "auditors", "Auditors", (INES.id,)),
    UserGroup("S0SECURITY", "security", "Security", (MARIA.id,)),
    UserGroup("S0DIRECTOR", "directors", "Directors", (MARCUS.id,)),
)

MANAGER_FIELD = "Xf0MANAGER1"
PROFILE_FIELDS = (
    {
        "id": "Xf0STARTED1",
        "ordering": 0,
        "field_name": "start_date",
        "label": "Start date",
        "hint": "",
        "type": "date",
        "possible_values": None,
        "options": {"is_scim": False, "is_protected": False},
        "is_hidden": False,
    },
    {
        "id": MANAGER_FIELD,
        "ordering": 1,
        "field_name": "manager",
        "label": "Manager",
        "hint": "Kept by the personnel department",
        "type": "user",
        "possible_values": None,
        "options": {"is_scim": False, "is_protected": True},
        "is_hidden": False,
    },
)
MANAGERS = {ALICE.id: MARIA.id, DANA.id: MARIA.id, MARIA.id: MARCUS.id, INES.id: MARCUS.id}

CHANNELS = (
    Channel(
        "C0APPROVAL",
        "approvals",
        (BOT.id, MARIA.id, MARCUS.id, INES.id),
        topic="Held requests wait here for a decision",
        created=SEEDED_AT,
    ),
    Channel(
        "C0GENERAL1",
        "general",
        tuple(person.id for person in PEOPLE),
        topic="Company-wide talk",
        created=SEEDED_AT,
    ),
)

COMMANDS = (
    Command("/replay", "Find a session and replay it", "[id or filter]"),
    Command("/abeyance", "Your holds, your grants, and help", "[help]"),
)
