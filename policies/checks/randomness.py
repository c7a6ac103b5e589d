"""Tells what a machine made from what a person wrote: names, placeholders, samples."""

from __future__ import annotations

import binascii
import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_STOP_WORDS = (
    *("example", "sample", "dummy", "placeholder", "changeme", "change_me", "change-me", "your"),
    *("redacted", "masked", "hidden", "insert", "replace", "todo", "fixme", "undefined", "foobar"),
)
_RUNS = ("xxxx", "****", "....", "____", "----", "1234567", "abcdef", "aaaaaa", "000000")
_LONG = 30
"""A token of so many characters may have a run in it and be one: some begin with zeros."""
_LONG_NAME = 20
_ALPHABET = 16
_SAMPLES = frozenset(
    {
        *("password", "passwd", "pass", "pwd", "secret", "string", "token", "none", "null", "nil"),
        *("true", "false", "admin", "root", "user", "test", "testing", "guest", "postgres"),
        *("mysecretpassword", "my-secret-pw", "mypassword", "secretpassword", "p@ssw0rd"),
        *("passwort", "kennwort", "contraseña", "senha", "wachtwoord", "heslo", "hasło"),
    }
)
_COMMON = frozenset(
    {
        *("qwerty", "qwertyuiop", "asdfgh", "asdfghjkl", "zxcvbn", "zxcvbnm", "letmein"),
        *("iloveyou", "passpass", "adminadmin"),
        *("sunshine", "princess", "football", "baseball", "basketball", "superman", "batman"),
        *("starwars", "whatever", "trustno", "monkey", "dragon", "shadow", "hunter", "killer"),
        *("pokemon", "liverpool", "chelsea", "arsenal", "barcelona", "juventus", "mustang"),
        *("michael", "jessica", "charlie", "jordan", "jennifer", "michelle", "daniel", "ashley"),
        *("chocolate", "butterfly", "welcome"),
        *("rootpasswd", "rootpassword", "rootroot", "rootpass", "toor"),
        *("supersecret", "topsecret", "opensesame", "swordfish", "hallo", "geheim"),
    }
)
"""Passwords without a digit or a sign that people choose all the same."""
_PROGRAM_WORDS = (
    "above access account accounts address admin all also always and any api app application "
    "are args array ask attribute auth autocomplete base basic bearer been being below body "
    "bool builder button cache cached can cannot case change changed characters check choose "
    "class clear client close code column common component conf config configuration confirm "
    "confirmation container cookie core create credential credentials current data database "
    "date day days decode decoded decrypt default defaults delete description dev development "
    "dialog dict did different digits disable disabled does dummy each elsewhere email empty "
    "enable enabled encode encoded encrypt encrypted enter env error errors every example "
    "expired expires expiry export factory fake false field file files first flow for forgot "
    "form from function generate generated generator get grant group groups guest had handler "
    "has hash hashed have header headers helper her here hidden hide hint his host how html "
    "http https id ids import index input instance int into invalid is item items its json key "
    "keys label last length letters link list load local login logout long lower mail main make "
    "managed manager map masked match matches matching max maximum may message messages method "
    "min minimum missing mobile mock modal model module must name names never new next none not "
    "note now null number object old only open option optional options our output package page "
    "param params pass passphrase passwd password passwort path permission phone placeholder "
    "plain please policies policy port post prod production prompt property provider put query "
    "random raw read reader recover redacted ref reference remote request required reset "
    "response result results role roles root row rule rules run salt same sample save schema "
    "screen secret secrets see self server service services session set settings short should "
    "show sign signed some stage staging start state status stop storage store stored strength "
    "string strong symbols table test testing tests text than that the their then there they "
    "this time title toggle token tokens too true tuple type union update upper uri url use "
    "used user username users using util utils uuid valid validate validation value values "
    "vault verified verify view visibility was weak web were what when where which who why will "
    "secure with without wrapper write writer xml yaml you your"
)
"""Of which programs make their names, and sentences theirs: no passphrase is made of them."""
_PROGRAM = frozenset(_PROGRAM_WORDS.split())
_WORDS = re.compile(r"[a-z]{3,10}([-_. ])[a-z]{3,10}(?:\1[a-z]{3,10}){1,8}")
_NUMBER = re.compile(r"[-_. ]?[0-9]{1,4}$")
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_HUMPED = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_NAMES = ("self.", "this.", "settings.")
_PATH = re.compile(r"/[\w./:{}$-]+|[a-z]+/[a-z]+(?:[-+.][a-z]+)*")
"""Of a file or a page, or the name of an error or a media type: `auth/wrong-password`."""
_CODE = re.compile(r"(?:!!|==)[A-Za-z][\w.]*|[a-z_]+=-?[0-9.]+|[A-Za-z_]+(?:\.[A-Za-z_]+)+\?\?.*")
_ALGORITHMS = (
    *("sha", "md5", "aes", "pbkdf", "scram", "argon2", "bcrypt", "scrypt", "base64", "utf8"),
    *("utf-8", "oauth2", "hmac", "uint8", "uint16", "uint32", "uint64", "int32", "int64"),
)
_SIGNS = "!@#$%^&*+=~?"
_REFERENCE = re.compile(
    r"[$%#]?\{[$%]?[A-Za-z_.{ #][^{}]*\}{1,2}|\{\}"  # ${NAME}, {{ name }}, {name}, #{name}
    r"|[$%#]\{[\w.:-]*$|\{\{[\w.:-]*$|[$%]\([\w.:/-]*$"  # what a pattern has cut off
    r"|\$\([^()]*\)|%\([\w.]+\)[a-z]?"  # $(command), %(name)s
    r"|</?[A-Za-z][\w .:/=-]*(?:>|$)|\[[A-Za-z][\w .-]*\]"  # <name>, [name]
    r"|\$[A-Z][A-Z_]{3,}|%[A-Za-z_]\w*%"  # $NAME, %NAME%
)
_AROUND = re.compile(r"[\w.:/@ -]*")
_FROM_ELSEWHERE = re.compile(
    r"^[$%]\$?[A-Za-z_]\w*(?:%?|->?|->\w.*)$"
    r"|\benv\b|environ|getenv|\.\.\.$|^#[0-9A-Fa-f]{3,8}$"
    r"|process\.|config[.\[]|^[\w.$:>-]+\(\)[;,)]*$|_[A-Z_]{3,}%$|^\{[\w.]*\}@?$"
    r"|^(?:arn:aws|op://|vault:|@Microsoft\.KeyVault|ref\+|secret://|awssm:|gcpsm:|file:)"
)
_PUBLIC = re.compile(r"pk_(?:live|test)_|phc_|pk\.eyJ|B[A-Za-z0-9_-]{86}$")
"""Keys that are made to stand in a page for all to see; the last is a point of the curve P-256."""
_PUNCTUATION = ".,:;!?'\"()"
_PLAIN_SIGNS = frozenset("_.,:/-")
_MANY = 5
_CODE_SIGNS = frozenset("(){}[]<>=|\\/")
_LETTERS = re.compile(r"[A-Z]?[a-z]{4,}|[A-Z]{4,}")
_QUOTED = re.compile(r"([\"'`])[^\"'`]*\1[\])},;:.]*$")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{12,}={0,2}")
_HEX = re.compile(r"[0-9a-f-]{20,}|[0-9A-F-]{20,}")
"""No name is so long and made of these six letters alone."""
_PAIRS = (
    "aabcdefgiklmnprstuvwxy babcdefijlorsuy cabcdefhiklmoprstuy dabcdefgilorstuy "
    "eabcdefgiklmnopqrstuvwxy facdefilorstuy gaeghilmnorsu haeiorstuy iabcdefgklmnoprstvxz "
    "jaeou kaeios lacdefilopstuvy mabeilmopstu nabcdefgiklmnoprstuvy oabcdefgiklmnoprstuvwx "
    "pacdehiloprstuy qu rabcdefgiklmnoprstuvy sacdefghiklmnopqrstuwy tabcdefhilmnoprstuwy "
    "uabcdefgilmnoprst vaeio waehinors xceipst yaceilmnpst zaei"
)
"""The letters that follow each letter in the words of programs: 95 of 100 pairs in 24,000 words
that occur in the standard library and in common packages. Of random pairs 50 of 100 do."""
_FOLLOWING = {letters[0]: letters[1:] for letters in _PAIRS.split()}
_LABEL = re.compile(r"\[[a-z][a-z0-9-]*\]?")
"""What takes the place of a masked value, such as `[sql-password]`, or its beginning."""
_TIME = re.compile(r"[0-2]?[0-9]:[0-5][0-9]:[0-5][0-9](?:[.,][0-9]{1,9})?")
"""A time of day, as a log has it at the head of each line."""
_CAPITALS = re.compile(r"[A-Z]{2,}")
_UNREADABLE = re.compile(r"(?i)[b-df-hj-np-tv-xz]{6}")
_CONSONANTS = re.compile(r"(?i)[b-df-hj-np-tv-xz]{5}")


def no_placeholder(text: str) -> bool:
    """Say whether a value is not one of those that stand for a value."""
    if _LABEL.fullmatch(text) or _TIME.fullmatch(text):
        return False
    plain = text.strip("@\"'_").lower()
    if plain in _SAMPLES or len(set(plain)) < 3 or _counts_up(plain):
        return False
    if any(word in plain for word in _STOP_WORDS) or _PUBLIC.match(text):
        return False
    if any(run in plain for run in _RUNS) and (len(plain) < _LONG or len(set(plain)) < _LONG // 2):
        return False
    if _FROM_ELSEWHERE.search(text) or _refers(text):
        return False
    return not _is_coded_sample(text)


def _is_coded_sample(text: str) -> bool:
    """Say whether it is base64 of `secret is secure`, `this is password` or an alphabet."""
    if len(text) % 4 or not _BASE64.fullmatch(text):
        return False
    try:
        read = binascii.a2b_base64(text).decode("ascii").lower()
    except ValueError:
        return False
    return _counts_up(read) or _PROGRAM.issuperset(read.split())


def _refers(text: str) -> bool:
    """Say whether a text is made of references to what stands elsewhere, and plain characters."""
    rest, references = _REFERENCE.subn("", text)
    return references > 0 and _AROUND.fullmatch(rest) is not None


def _counts_up(text: str) -> bool:
    """Say whether most of it is an alphabet: `0123456789abcdefghijklmnopqrstuvwxyz`."""
    steps = sum(ord(two) - ord(one) == 1 for one, two in pairwise(text))
    return len(text) >= _ALPHABET and steps * 2 > len(text)


_SAMPLE_WORDS = ("your", "example", "placeholder", "redacted", "dummy", "xxxx", "****", "....")


def no_sample(text: str) -> bool:
    """Say whether a token is not one that shows how a token looks.

    Looser than `no_placeholder`: who writes a vendor's prefix and then counts up means a token.
    """
    plain = text.lower()
    if any(word in plain for word in _SAMPLE_WORDS):
        return False
    return max(map(plain.count, set(plain))) * 2 < len(plain)


def password(text: str) -> bool:
    """Say whether a person could have chosen it as a password, not as a word of a program."""
    if not no_placeholder(text) or text.startswith(_NAMES) or _is_asked(text):
        return False
    if text.lower().startswith(_ALGORITHMS) or _PATH.fullmatch(text) or _CODE.fullmatch(text):
        return False
    if any(map(str.isspace, text)):
        return passphrase(text)
    words = re.split(r"[-_.]", text)
    if all(map(str.isalpha, words)) and not _scrambled(text):
        return phrase(text) or ("-" in text and _PROGRAM.isdisjoint(words))
    return True


def passphrase(text: str) -> bool:
    """Say whether words with blanks between them are no sentence, label or part of a program.

    Three words or more, or two and a number; none is one of programs or so short that it holds a
    sentence together.
    """
    words = [word.strip(_PUNCTUATION).lower() for word in text.split()]
    numbers = sum(any(map(str.isdigit, word)) for word in words)
    if len(words) - numbers < (2 if numbers else 3) or not text.isascii():
        return False
    plain = [word for word in words if word.isalpha()]
    return (
        len(plain) >= 2
        and all(2 < len(word) < 13 and word not in _PROGRAM for word in plain)
        and not (text[0].isupper() and text[-1] in ".?:")
        and _CODE_SIGNS.isdisjoint(text)
    )


def jumbled(text: str) -> bool:
    """Say whether signs, digits and letters stand as in no program: `K;w}t{4$Zq|f^9(eP`."""
    if not no_placeholder(text) or not chosen(text) or _QUOTED.match(text):
        return False
    words = [word.lower() for word in _LETTERS.findall(text)]
    signs = len({ch for ch in text if not ch.isalnum()} - _PLAIN_SIGNS)
    if signs < _MANY and any(len(word) > 5 and not _garbled(word, 5, 0.4) for word in words):
        return False
    return signs > 1 and _PROGRAM.isdisjoint(words)


def phrase(text: str) -> bool:
    """Say whether it is some words in a row, none of which is one of programs; then a number."""
    words = _NUMBER.sub("", text)
    return _WORDS.fullmatch(words) is not None and _PROGRAM.isdisjoint(re.split(r"[-_. ]", words))


def _is_asked(text: str) -> bool:
    return text.endswith("?") and text[:-1].isalpha()


def varied(text: str) -> bool:
    """Say whether no word of a text would look so: digits or a sign among letters, or no order."""
    letters = any(ch.isalpha() for ch in text)
    among = any(ch in _SIGNS for ch in text[1:-1]) or any(ch.isdigit() for ch in text)
    return (letters and among) or _scrambled(text) or phrase(text)


def chosen(text: str) -> bool:
    """Say whether it is as the rules for passwords have it: digits, letters, and a third kind."""
    upper, lower = any(map(str.isupper, text)), any(map(str.islower, text))
    sign = any(ch in _SIGNS for ch in text)
    return any(map(str.isdigit, text)) and (upper + lower + sign) >= 2


def scattered(text: str) -> bool:
    """Say whether it is unlike the names of a program, among which `TokenV2Response` is one."""
    if chosen(text) and any(sign in text for sign in _SIGNS):
        return True
    return random(text) and (chosen(text) or len(text) >= _LONG_NAME)


def _scrambled(text: str) -> bool:
    """Say whether letters stand as in no name: `NAVmVMEboDNX`, `scmxwmqikmth`, `qwertyuiop`."""
    if text.lower() in _COMMON:
        return True
    if not text.isalpha() or len(text) < 8:
        return False
    capitals = len(_CAPITALS.findall(text)) >= 2
    humps = len(_HUMPS.findall(text))
    if humps > 2 and len(text) <= 2.5 * humps:
        return True
    return capitals or _UNREADABLE.search(text) is not None or _garbled(text, 5, 0.5)


def random(text: str) -> bool:
    """Say whether the characters change kind as often as in something random.

    Names do so where a word begins; a capital at a word's head is not counted.
    """
    if not no_placeholder(text):
        return False
    plain = text.rstrip(".")  # of the sentence
    if _HEX.fullmatch(plain) and not plain.replace("-", "").isdigit():
        return True
    changes = sum(_changes(*pair) for pair in pairwise(text))
    if any(ch.isdigit() for ch in text):
        unreadable = text.isalnum() and _CONSONANTS.search(text) is not None
        return unreadable or changes / len(text) >= 0.22 or _garbled(text, 6, 0.35)
    if text.islower():
        last = text.rpartition("-")[2]
        return last.isalpha() and _garbled(last, 15, 0.4)
    if text.isalpha() and made_of(_HUMPED.findall(text), text):
        return False
    return changes / len(text) >= 0.2 or _garbled(text, 8, 0.4)


def made_of(words: Sequence[str], text: str) -> bool:
    """Say whether some words, with hardly a pair of letters that is in no word, are half of it."""
    letters = sum(map(len, words))
    odd = sum(
        two not in _FOLLOWING.get(one, "") for word in words for one, two in pairwise(word.lower())
    )
    return letters * 2 >= len(text) and letters >= 3.4 * len(words) and odd <= 0.15 * letters


def _garbled(text: str, fewest: int, share: float) -> bool:
    """Say whether so many of its pairs of letters, of so many at least, are in no word."""
    pairs = [
        (one.lower(), two.lower())
        for one, two in pairwise(text)
        if one.isalpha() and two.isalpha() and not (one.islower() and two.isupper())
    ]
    odd = sum(two not in _FOLLOWING.get(one, "") for one, two in pairs)
    return len(pairs) >= fewest and odd >= share * len(pairs)


def _changes(one: str, two: str) -> bool:
    if not (one.isalnum() and two.isalnum()):
        return False
    return _kind(one) != _kind(two) and not (one.isupper() and two.islower())


def _kind(ch: str) -> int:
    return 0 if ch.isdigit() else 1 if ch.isupper() else 2
