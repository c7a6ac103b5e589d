"""Values that only look like secrets or personal data, told by what stands in front of them.

`next_page_token`, `token_sha256` and `"src/token.ts"` have a word of secrets in them, and what they
are given looks random; so does a commit behind `Gitea commit:`, or the class behind the bracket in
`class InvalidToken(OAuth1Error)`. The pattern of a detector cannot look to the left. So each match
that has passed all its checks is shown to `harmless`, with the characters in front of it.
"""

from __future__ import annotations

import re

from policies.checks.randomness import made_of
from policies.patterns.normalise import BAR

_END = r"""["'`\])*]{0,3}\s{0,3}(?:=>|:?=|[:,(|#>]|is)?\s{0,16}(?:[brufN@]?\\?["'`]){0,3}$"""
"""What stands between a name and its value."""

_CURSOR = re.compile(
    r"(?i)(?:next|prev(?:ious)?|page|paging|pagination|continu(?:e|ation)|cursor|scroll|sync|delta"
    r"|skip|start(?:ing)?|resume|forward|backward|change|batch)"
    r"(?:[ _-]?(?:page|sync|set))?[ _-]?token" + _END
)
"""`next_page_token`: where a list goes on."""

_DIGEST_NAME = re.compile(
    r"(?i)(?:sha-?(?:1|2|224|256|384|512)|md-?5|blake[23]\w{0,3}|crc-?(?:32|64)|digest|checksum"
    r"|fingerprint|thumbprint|integrity|etag|hash(?:es)?|commit|revision"
    r"|checksum/[\w.-]{1,24})" + _END
)
"""`token_sha256`: a digest of what is named, or of anything else."""

_NO_DIGEST_NAME = re.compile(r"(?i)pass|pwd|psk|pin\b|api[ _-]?hash")
"""A hash of a password can be turned into it again; what Telegram calls `api_hash` is a key."""

_FILE = re.compile(
    r"(?i)\.(?:[cm]?[jt]sx?|py|go|rs|rb|java|kt|cs|c|cc|cpp|h|hpp|php|swift|vue|svelte|s?css|html?|md"
    r"|map|svg|png|wasm)" + _END
)
_ARCHIVE = re.compile(r"(?i)\.(?:tgz|tar(?:\.\w{2,3})?|whl|zip|gem|crate|nupkg|jar|deb|rpm)#$")
_MODULE = re.compile(r"v[0-9]+\.[0-9]+\.[0-9]+[\w.+-]*(?:/go\.mod)? h1:$")
_DIGEST = re.compile(
    r"(?:sha(?:1|224|256|384|512)[-:])?"
    r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}"
    r"|[A-Za-z0-9+/]{27}=|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{64}|[A-Za-z0-9+/]{86}==)"
)
_MARKED_DIGEST = re.compile(r"sha(?:1|224|256|384|512)[-:]")
_DESCRIBED = re.compile(r"v?[0-9]+(?:\.[0-9]+){1,3}(?:-[\w.]{1,12})?-[0-9]{1,5}-g[0-9a-f]{7,12}")
"""What `git describe` calls a commit: `v1.2.0-3-g87dc700`."""
_CONTRACT = re.compile(r"0x[0-9A-Fa-f]{40}")
_CONTRACT_NAME = re.compile(
    r"(?i)(?:token|contract|factory|router|pool|proxy|registry|oracle|implementation|library)"
    r"[ _-]?(?:addr(?:ess)?)?" + _END
)
_USER_OF_URL = re.compile(r"""://[^\s/@"'<>:]*(?::[^\s/"'<>]*)?$""")
_VERSION = re.compile(r"(?i)(?:version|release|\bver)[\"']?\s?[:=(]?\s?[\"']?$|[=~><]=\s?$")

_CLASS = re.compile(r"class \w+(?:\[[\w, ]*\])?\((?:[\w.]+, ?)*$")
_TOKENIZER = re.compile(r"(?i)token(?:iz|is)\w*" + _END)
_NAME = re.compile(r"[A-Za-z_]\w*")
_HUMP = re.compile(r"[A-Z]?[a-z]{2,}")
_LISTED = (
    (2, re.compile(r"""(?:^|[^\w$.-])_?[A-Z]\w*(?:\[[\w, ]*\])?["']?\s{0,3}[,(]\s{0,40}["']?$""")),
    (2, re.compile(r"""["'],[ \t]*\n\s{0,40}["']$""")),
    (3, re.compile(r"[A-Za-z],\s?$|\?: ?$")),
)
"""What stands in front of one of several names, and how many words such a name has at least."""
_VERSIONED = re.compile(r"V[1-9](?:(?:alpha|beta)[1-9])?(?:[A-Z]{1,4}[a-z]{2,})+")
"""A type of one version of an API, as clients of Kubernetes name it: `V1SecretReference`."""
_SEQUENCE = re.compile(r"[A-Z]{6,}$")


def harmless(before: str, value: str) -> bool:
    """Say whether what stands in front of a value tells that it is no secret.

    `before` are the last characters in front of it, `ends.BESIDE` at most.
    """
    before = before.rpartition(BAR)[2]
    if _DESCRIBED.fullmatch(value) or _CONTRACT.fullmatch(value) or _MARKED_DIGEST.match(value):
        return True
    if _CURSOR.search(before) or _TOKENIZER.search(before):
        return True
    if _DIGEST.fullmatch(value) and _is_of_something(before):
        return True
    if value.isalpha() and _SEQUENCE.search(before):
        return True
    return _is_name_of_program(before, value)


def not_personal(before: str, value: str) -> bool:
    """Say whether what stands in front of it tells that it is nobody's address."""
    before = before.rpartition(BAR)[2]
    if _CONTRACT.fullmatch(value):
        return _CONTRACT_NAME.search(before) is not None
    return ("@" in value and _USER_OF_URL.search(before) is not None) or (
        value[0].isdigit() and _VERSION.search(before) is not None
    )


def _is_of_something(before: str) -> bool:
    """Say whether a digest has the name of a digest, a file, an archive or a module beside it."""
    if _FILE.search(before) or _ARCHIVE.search(before) or _MODULE.search(before):
        return True
    return _DIGEST_NAME.search(before) is not None and not _NO_DIGEST_NAME.search(before)


def _is_name_of_program(before: str, value: str) -> bool:
    """Say whether it is a class or a function among others: `class TokenError(OAuth1Error)`."""
    if not _NAME.fullmatch(value):
        return False
    if _CLASS.search(before) or _VERSIONED.fullmatch(value):
        return True
    words = _HUMP.findall(value)
    if not made_of(words, value):
        return False
    return any(len(words) >= least and listed.search(before) for least, listed in _LISTED)
