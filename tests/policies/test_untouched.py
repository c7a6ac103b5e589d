"""What only looks like a secret or personal data stays as it is, whole and in pieces.

Each text has a word of secrets in it, or a value with the form of one; what stands beside it says
that it is none. The second table holds what must still go from texts that look almost alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policies.files.fields import DetectorKind
from policies.matching.masker import Masker
from policies.matching.plan import Plan

if TYPE_CHECKING:
    from policies.compiled_catalog import Catalog

HEX = "08416851b646130dedcdc215577499cfeab44ac2"
LONG_HEX = "fdacb6b7f607ff42227d70933b5e0f3e7c8e40712b596ba931fe97ea8c90cab1"
TOKEN = "Fk8di05IoIbgAEzrm8PqBCB64fohOtqxBnkv5L2JCNwzDf5o"
ADDRESS = "0xda1b06c7ab603ca4139d1032089583ea665d5a95"

STAYS = {
    "nucleotides": "ACGTTGCAAGCTTGCATGCCTGCAGGTCGACTCTAGAGGATCCCCGGGTACCGAGCTCGAATTCACTGGCC",
    "rate of tokens": "outputTokensPerSecond:\n  timeToFirstOutputMs == null ? 0 : 1",
    "saying about a key": f'"Patience is the key to success"\n  "{TOKEN}"',
    "page token": f'{{"next_page_token": "{TOKEN}"}}',
    "page token in camel case": f"nextPageToken: '{TOKEN}'",
    "page token in capitals": f'"NextToken": "{TOKEN}"',
    "page token in words": f"Next page token: {TOKEN}",
    "continuation token": f'"continuationToken": "{TOKEN}"',
    "sync token": f"next_sync_token = {TOKEN}",
    "resume token": f'resumeToken: "{TOKEN}"',
    "starting token": f"starting_token={TOKEN}",
    "digest of a token": f'token_sha256: "{LONG_HEX}"',
    "digest of a secret in camel case": f"secretDigest = '{LONG_HEX}'",
    "checksum of a Helm secret": f"checksum/secret: {LONG_HEX}",
    "integrity of a script": f'"/js/password.js": "sha384-{TOKEN}Zk3vN7xP2mL9rT5w"',
    "module named password": "go-password v0.2.0 h1:C9mXUBfKnFFjDSj3Sht6wSzZAht74QN5+8gdC98A+5U=",
    "file named token": f'"src/auth/token.ts": "{HEX}"',
    "tarball": f"sonarqube-scanner-2.5.0.tgz#{HEX}",
    "commit of a forge": f"Gitea commit: {HEX}",
    "described commit": "libs/secret-lib (v1.2.0-3-g87dc700)",
    "pod": f"ReactNativeCameraKit: {HEX}",
    "contract": f'tokenAddress: "{ADDRESS}"',
    "contract in capitals": f"address constant TOKEN = {ADDRESS};",
    "class of an error": "class InvalidTokenError(OAuth1Error):",
    "class of a model": "class GPT2ForTokenClassification(GPT2PreTrainedModel):",
    "import of a tokenizer": "from transformers import AutoTokenizer, LaraMiniForCausalLM",
    "types of an API": '"V1TokenReviewSpec",\n    "V1TokenReviewStatus",\n    "V1APIGroup",',
    "type of a field": "secret_ref: V1SecretReference = None",
    "type in TypeScript": "secretAccessKey?: stringValueMaxLength1000;",
    "exported functions": "signInWithEmailAndPassword,signInWithEmailLink,signOut",
    "call": "password_mgr = HTTPPasswordMgrWithDefaultRealm()",
    "call of a module": "salted_pass = hashlib.pbkdf2_hmac(digest, data)",
    "argument with a name": "torch.cat([q_embed, q_pass], dim=-1)",
    "name of an error": "WEAK_PASSWORD: 'auth/weak-password'",
    "attribute": "this._password = _password;",
    "name of a test": "def test_sendRequestBodyWithTooFewBytes(self):",
    "minified member": "var expr = this$1$1.parseMaybeAssign(forInit)",
    "coded sample": "secret: c2VjcmV0IGlzIHNlY3VyZQ==",
    "publishable key": 'api_key = "pk_live_q8Zk3vN7xP2mL9rT5wB1q8Zk"',
    "slices": "odd = x[1::2]; even = x[::2]",
    "format": '"%d::%s" % (line, name)',
    "protein": "TACKOFASIAASACKTACKOFASIAASACK",
    "IBAN with wrong check digits": "DE00 0000 0000 0000 0000 00",
    "user of an address": "mongodb+srv://app:$MONGODB_PASSWORD@cluster0.example.net/db",
    "version of four numbers": 'AssemblyVersion("1.2.3.4") version = "4.2.1.7"',
}

GOES = {
    "refresh token": (f'"refresh_token": "{TOKEN}"', TOKEN),
    "token of a page's owner": (f'page_access_token = "{TOKEN}"', TOKEN),
    "hash of a password": (f"password_hash: {LONG_HEX}", LONG_HEX),
    "key of 32 bytes": (f'secret_key = "{LONG_HEX}"', LONG_HEX),
    "private key of a wallet": (f"PRIVATE_KEY=0x{LONG_HEX}", LONG_HEX),
    "token of a forge": (f"gitea_token: {HEX}", HEX),
    "token in a file's own line": (f"deploy.token: {TOKEN}", TOKEN),
    "password behind a name": ('auth=("dana", "FalconMaple42")', "FalconMaple42"),
    "wallet": (f"send the money to {ADDRESS}", ADDRESS),
    "IPv6 of three groups": ("from 2001:db8::1 to us", "2001:db8::1"),
    "mail beside an address": ("https://acme.example/ and dana@acme.example", "dana@acme.example"),
}


@pytest.fixture(scope="module")
def plan(shipped: Catalog) -> Plan:
    return Plan(shipped.everything.targets)


@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS.keys())
def test_what_only_looks_like_a_secret_stays(shipped: Catalog, plan: Plan, text: str) -> None:
    assert shipped.mask(text) == text
    assert _in_pieces(shipped, plan, text) == text


@pytest.mark.parametrize(("text", "value"), GOES.values(), ids=GOES.keys())
def test_what_looks_almost_alike_goes(shipped: Catalog, plan: Plan, text: str, value: str) -> None:
    assert value not in shipped.mask(text)
    assert value not in _in_pieces(shipped, plan, text)


def test_the_rules_of_a_new_installation_look_for_no_personal_data(shipped: Catalog) -> None:
    personal = {d.target for d in shipped.detectors if d.kind is DetectorKind.PERSONAL}
    looked_for = {t for rule in shipped.rules if rule.look_for for t in rule.look_for.targets}
    assert looked_for
    assert not looked_for & personal


def _in_pieces(catalog: Catalog, plan: Plan, text: str) -> str:
    masker = Masker(plan, lambda at: catalog.label(plan.targets[at]))
    return "".join([*map(masker.feed, text), masker.finish()])
