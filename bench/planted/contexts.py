r"""Where values stand.

`@V` is the value, `@N` its name in capitals, `@s` in snake_case, `@c` in camelCase, `@P` in
PascalCase, `@k` in kebab-case, and `@t` in words.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

NAMED = r"""
env | @N=@V
env-quoted | @N="@V"
env-single | @N='@V'
env-spaces | @N = @V
export | export @N=@V
export-quoted | export @N="@V" # rotate in May
fish | set -gx @N @V
powershell | $env:@N = "@V"
powershell-single | $@P = '@V'
cmd | set @N=@V
setx | setx @N "@V"
backticks | `@N=@V`
python | @s = "@V"
python-typed | @N: str = '@V'
python-dict | config = {"@s": "@V", "retries": 3}
python-dict-single | {'@s': '@V'}
python-keyword | client = Client(region="eu", @s="@V")
python-environ | os.environ["@N"] = "@V"
python-default | os.getenv("@N", "@V")
python-index | settings["@s"] = '@V'
javascript | const @c = '@V';
javascript-object | export default { @c: "@V", timeout: 30 }
javascript-template | let @s = `@V`
typescript | process.env.@N ??= "@V"
typescript-or | const key = process.env.@N || '@V';
typescript-field | private readonly @c: string = '@V';
go | @c := "@V"
go-struct | 	@P: "@V",
go-setenv | os.Setenv("@N", "@V")
java | private static final String @N = "@V";
java-setter | builder.set@P("@V");
java-properties | app.@k=@V
spring | @Value("${@k:@V}")
kotlin | val @c = "@V"
swift | let @c: String = "@V"
rust | const @N: &str = "@V";
ruby-hash | { '@s' => '@V' }
ruby-symbol | @s: '@V',
ruby-env | ENV['@N'] ||= '@V'
php-define | define('@N', '@V');
php-array | '@s' => '@V',
php-variable | $@s = "@V";
csharp | public string @P { get; set; } = "@V";
c-define | #define @N "@V"
cpp | constexpr char k@P[] = "@V";
yaml | @s: @V
yaml-quoted |   @c: "@V"
yaml-kebab |   @k: '@V'
yaml-comment | @s: @V # shared
yaml-list |   - @N=@V
yaml-env | env:\n  - name: @N\n    value: "@V"
yaml-block | data: |\n  [app]\n  @s = @V\n  debug = true\n
actions | env:\n  @N: @V
toml | @s = "@V"
ini | [service]\n@s=@V
json | {"@s": "@V"}
json-camel | "@c": "@V",
json-pretty | {\n  "region": "eu",\n  "@N": "@V"\n}
json-escaped | {"arguments": "{\"@s\": \"@V\", \"limit\": 5}"}
json-twice | {"body": "{\"config\": \"{\\\\\"@c\\\\\": \\\\\"@V\\\\\"}\"}"}
json-spaced | "@s" : "@V"
xml | <@c>@V</@c>
xml-add | <add key="@P" value="@V" />
xml-property | <property name="@k" value="@V"/>
plist | <key>@N</key>\n<string>@V</string>
html | <input type="hidden" name="@s" value="@V">
html-data | <div data-@k="@V"></div>
terraform |   @s = "@V"
tfvars | TF_VAR_@s=@V
dockerfile | ENV @N=@V
dockerfile-space | ENV @N @V
dockerfile-arg | ARG @N="@V"
compose |       @N: "@V"
docker-run | docker run --rm -e @N=@V acme/app
helm | helm install app . --set app.@c=@V
command-line | ./deploy --@k @V --region eu
command-equals | ./deploy --@k=@V
inline-env | @N=@V npm run deploy
from-literal | kubectl create secret generic app --from-literal=@N=@V
gh-secret | gh secret set @N --body "@V"
make | @N := @V
make-default | @N ?= @V
systemd | Environment="@N=@V"
query | GET /v1/items?@s=@V&limit=10 HTTP/1.1
query-url | https://api.example.net/v1/items?page=2&@c=@V
header | X-@k: @V
curl | curl -H "X-@k: @V" https://api.example.net/v1
form | curl -d "@s=@V&user=dana" https://api.example.net
diff-added | +@N=@V
diff-removed | -    "@c": "@V",
log | 2026-11-23T10:12:31Z INFO starting @s=@V worker=4
log-json | {"level":"info","msg":"loaded","@s":"@V"}
debug | DEBUG config: {'@s': '@V', 'debug': True}
markdown-table | | `@N` | `@V` |
markdown-list | - **@t**: `@V`
markdown-bold | **@N**: @V
prose | The @t is @V and it works on staging.
prose-quoted | We set the @t to "@V" yesterday.
prose-colon | @t: @V
comment | // @N: @V
sql | INSERT INTO settings (name, value) VALUES ('@s', '@V');
sql-set | UPDATE app SET @s = '@V' WHERE id = 1;
csv | @s,@V
csv-quoted | "@N","@V"
tabs | @N	@V
vault | vault kv put secret/app @s=@V
lisp | (def @k "@V")
windows | C:\\tools\\run.exe /@s:@V C:\\temp
r-lang | Sys.setenv(@N = "@V")
repl | >>> @s\n'@V'
"""

BARE = r"""
alone | @V
line-start | @V is the one from the wiki
line-end | use this one: @V
sentence-end | It is @V.
comma | first @V, then the other
double | "@V"
single | '@V'
backticks | `@V`
fence | ```\n@V\n```
parentheses | (@V)
brackets | [@V]
angle | <@V>
array | ["@V", "other"]
equals | x=@V
colon | value:@V
semicolon | a;@V;b
tab | 1	@V	ok
csv | 17,@V,active
quoted-csv | "17","@V","active"
pipe | a|@V|b
question | is @V still valid?
exclamation | revoke @V!
login | client.authenticate("@V")
bearer | Authorization: Bearer @V
bearer-curl | curl -H "Authorization: Bearer @V" https://api.example.net
echo | echo @V | base64
diff | +  const t = "@V"
comment | # old: @V
block-comment | /* @V */
html-comment | <!-- @V -->
html | <code>@V</code>
attribute | <a data-x="@V">
json-array | {"items":["@V"]}
escaped | "{\"x\":\"@V\"}"
newline-escape | "one\\n@V\\ntwo"
log | [2026-11-23 10:12:31] WARN refused @V (403)
trace |   File "app.py", line 3\n    x = "@V"\nValueError
query | https://example.net/cb?x=@V&y=1
query-first | ?t=@V
path | cp @V C:\\temp\\x.txt
chinese | 这是密钥@V。
quote-marks | “@V”
emoji | 🔑 @V
markdown-bold | **@V**
list | - @V
numbered | 1. @V
yaml | x: @V
yaml-item | - x: '@V'
assign | t := `@V`
call-end | login(@V);
two | @V @V
email-quote | > @V
slash-comment | f(x) // @V
shell-variable | T="@V"; run
at-end | run with --x=@V
"""

PEOPLE = r"""
assigned | @s = "@V"
equals | @s=@V
json | {"name": "Dana", "@s": "@V"}
json-camel | "@c": "@V"
yaml | @s: @V
yaml-quoted |   @k: '@V'
colon | @t: @V
capital | @N: @V
prose | Her @t is @V, please check.
prose-mine | My @t is @V.
prose-plain | The customer with @t @V called again.
with | Patient Dana Whitfield (@t @V)
table | | @t | @V |
csv | @s,@V
tabs | @t	@V
xml | <@c>@V</@c>
html | <td>@t</td><td>@V</td>
input | <input name="@s" value="@V">
query | /search?@s=@V&page=1
python | find(@s="@V")
javascript | const @c = '@V';
sql | WHERE @s = '@V'
log | 10:12:31 lookup @s=@V took 3 ms
number | @t no. @V
hash | @t #@V
dash | - @t: @V
bold | **@t:** @V
escaped | {"arguments": "{\"@s\": \"@V\"}"}
diff | +@s: "@V"
"""

PIECE = r"""
alone | @V
quoted | > @V
fence | ```\n@V\n```
code | cfg = load()\n@V\nrun(cfg)\n
prose-before | Why does this not work?\n\n@V
prose-after | @V\n\nWhat is wrong with it?
indented |     @V
diff | +@V
log | 10:12:31 worker-3 | @V
trailing | @V\n
json | @J
comment | # @V
"""

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def table(text: str) -> list[tuple[str, ...]]:
    """Return the cells of each line; the last is a template and may hold bars."""
    return [tuple(line.split(" | ")) for line in text.strip("\n").split("\n")]


def forms(text: str) -> dict[str, str]:
    """Return the templates of a table by their names, their escapes made characters."""
    rows = (line.split(" | ", 1) for line in text.strip("\n").split("\n"))
    return {name: unescaped(template) for name, template in rows}


def unescaped(template: str) -> str:
    return re.sub(r"\\([\\nrt])", lambda m: _ESCAPES.get(m[1], m[1]), template)


def placed(context: str, name: str, value: str) -> str:
    """Return the context with the name, in all its spellings, and the value."""
    parts = [part.lower() for part in re.split(r"[ _-]+", name)]
    pascal = "".join(part.capitalize() for part in parts)
    spelled = {
        "@N": name.upper(),
        "@s": "_".join(parts),
        "@k": "-".join(parts),
        "@t": " ".join(parts),
        "@P": pascal,
        "@c": pascal[0].lower() + pascal[1:],
        "@J": json.dumps({"role": "user", "content": value}),
        "@V": value,
    }
    return re.sub(r"@[NskPctJV](?![a-z])", lambda m: spelled[m[0]], context)


_AROUND = (
    "",
    "import os\nfrom app import run\n\n",
    "Please look at this:\n",
    "#!/bin/sh\nset -e\n",
    "Hello team,\n\nas we said on Monday:\n\n",
    "{% raw %}\n",
    "debug: true\nregion: eu-west-1\n",
)


def surrounded(text: str, rng: random.Random) -> str:
    """Return the text with what often stands before and after it."""
    after = rng.choice(("", "\n", "\nrun()\n", "\nport: 8080\n", "\n\nThanks!\n"))
    return rng.choice(_AROUND) + text + after
