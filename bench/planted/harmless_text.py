"""More texts that look like secrets or personal data and are none."""

PROSE = r"""
version | Upgrade from 2.14.0-rc.3 to 2.15.1+build.{d4}
version-four | AssemblyVersion("4.2.13.7")
timestamp | 2026-11-23T22:45:12.{d6}Z
epoch | "created": 17{d8}, "expires": 17{d8}
epoch-ms | ts=17{d11}
date-range | 2026-01-01..2026-12-31
duration | took 1234.567 ms (p99 2345.678)
order | Order 4{d9} has shipped
order-dashes | order no. 2026-{d5}-{d4}
invoice | Invoice INV-2026-{d6}
ticket | see JIRA-{d5} and SHOP-{d4}
card-failing | test with {badcard} to see a refusal
tracking | tracking number 1Z{N6}{d10}
isbn | ISBN 978-3-16-148410-0
ean | EAN 4006381333931
part | part number {U3}-{d4}-{U2}
coordinates | 52.{d6}, 13.{d6}
money | total 1,234,567.89 EUR
percent | 12.5 % of 1,000,000 requests
bytes | 1073741824 bytes (1.0 GiB)
port | listening on 0.0.0.0:8080
localhost | http://localhost:3000/api/v1/tokens
docs-link | https://docs.example.net/security/api-keys#rotate-a-secret
docs-link-2 | https://example.net/blog/2026/11/how-to-store-passwords-safely
image-link | https://cdn.example.net/img/{h32}.png
video-link | https://www.youtube.com/watch?v={u11}
doc-link | https://docs.google.com/document/d/1{u43}/edit
wiki | https://wiki.example.net/display/SEC/Password+Policy
path | /usr/lib/python3.11/site-packages/secrets/token_store.py
path-windows | C:\\Users\\dana\\AppData\\Local\\Temp\\tmp{n8}.log
path-long | /var/lib/docker/overlay2/{h64}/merged
path-macos | /private/var/folders/{n2}/{n30}/T/
test-path | tests/auth/test_password_reset_token.py::test_expired
cache-key | cache key: node-modules-v3-{h64}
cache-busting | style.css?v={h8}
password-reset | I forgot my password, how do I reset it?
password-policy | The password must have at least 12 characters.
password-word | Never store a password in plain text.
password-field | the password field is empty
password-is | The password is required.
password-is-wrong | password is incorrect, try again
password-colon | Password: (hidden)
password-stars | Password: ********
password-hint | Password hint: your first pet
secret-word | The secret is to keep functions short.
secret-santa | secret: who draws whom stays hidden
token-word | A token is a word or a part of one.
token-count | tokens: 1234 prompt, 567 completion
token-limit | max_tokens: 4096
token-type | token_type: Bearer
token-usage | "usage": {"prompt_tokens": 812, "completion_tokens": 96, "total_tokens": 908}
key-word | The key is under the mat.
key-press | key: ArrowDown
key-value | key: value
key-idea | Key: understand the data first
key-signature | The key signature has three flats.
primary-key | primary_key: user_id
foreign-key | FOREIGN KEY (account_id) REFERENCES accounts (id)
api-key-docs | Get an API key in the console, under Settings → API keys.
api-key-header | Send your key in the header X-API-Key.
api-key-error | {"error": {"code": "invalid_api_key", "message": "Incorrect API key provided"}}
auth-docs | Authorization: Bearer <token>
auth-docs-2 | Authorization: Basic <credentials>
auth-word | Authorization: required for all endpoints
bearer-word | the bearer of this letter may enter
basic-word | Basic authentication is not recommended
basic-course | Basic understanding of Python
database-docs | postgres://user:password@localhost:5432/dbname
database-docs-2 | mongodb://<username>:<password>@<host>:27017
database-var | postgresql://${DB_USER}:${DB_PASSWORD}@${DB_HOST}/app
database-none | postgresql://localhost:5432/app
redis-none | redis://localhost:6379/0
amqp-guest | amqp://guest:guest@localhost:5672/
url-user | https://dana@git.example.net/acme/app.git
url-port | https://example.net:8443/login?next=%2Faccount
curl-docs | curl -u username:password https://api.example.net
curl-docs-2 | curl -H "Authorization: Bearer $TOKEN" https://api.example.net
curl-docs-3 | curl -u "$USER:$PASS" https://api.example.net
docker-docs | docker run -e POSTGRES_PASSWORD=mysecretpassword -d postgres
docker-build-arg | ARG NPM_TOKEN\nENV NODE_ENV=production
openai-docs | OPENAI_API_KEY=sk-...
anthropic-docs | ANTHROPIC_API_KEY=sk-ant-xxxxx
stripe-docs | STRIPE_KEY=sk_test_...
github-docs | export GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
slack-docs | SLACK_BOT_TOKEN=xoxb-your-token
aws-docs | aws_access_key_id = AKIAXXXXXXXXXXXXXXXX
prefix-talk | Tokens begin with ghp_, gho_ or github_pat_.
prefix-talk-2 | Keys that start with sk- belong to OpenAI.
prefix-talk-3 | Look for the prefixes AKIA and ASIA.
key-file-talk | the line -----BEGIN RSA PRIVATE KEY----- tells its kind
email-word | Send it by e-mail @ noon
decorator | @pytest.fixture(scope="session")
npm-scope | npm install @acme/ui-kit@1.4.2
at-handle | thanks @dana and @tomasz
phone-word | Phone support is open 9-17
dialling | extension 4711
birthday | sprint 42, day 7, 14:30
scores | 3-1, 2-2, 0-4
lottery | 04 11 18 23 35 42
sizes | 1920x1080, 2560x1440
matrix | [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
floats | 0.{d12} -1.{d12} 3.{d12}
embedding | [0.0{d9}, -0.0{d9}, 0.0{d9}, 0.0{d9}]
base64-word | aGVsbG8gd29ybGQ=
base64-json | eyJoZWxsbyI6IndvcmxkIn0=
base64-svg | PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciPjwvc3ZnPg==
gene | ATGGCCATTGTAATGGGCCGCTGAAAGGGTGCCCGATAG
protein | MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQ
chess | rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1
latex | \\begin{equation} \\alpha_{12} = \\frac{x^2}{y_3} \\end{equation}
smiles | CC(=O)OC1=CC=CC=C1C(=O)O
roman | MDCCCLXXXVIII
lorem | Lorem ipsum dolor sit amet, consectetur adipiscing elit
german | Donaudampfschifffahrtsgesellschaftskapitän
german-password | Bitte geben Sie Ihr Passwort ein.
spanish-password | ¿Olvidaste tu contraseña?
french-password | Mot de passe oublié ?
license | SPDX-License-Identifier: Apache-2.0
mime | Content-Type: multipart/form-data; boundary=----WebKitFormBoundary{w16}
user-agent | Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36
http-status | HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer realm="api"
set-cookie-clear | Set-Cookie: session=; Max-Age=0; Path=/
cors | Access-Control-Allow-Headers: Authorization, X-Api-Key
log-auth | INFO auth: token refreshed for user 4711 in 12 ms
log-auth-2 | WARN login failed: bad password (attempt 3)
log-vault | Success! Data written to: secret/app/db
log-tokens | processed 48213 tokens/s
log-build | [INFO] Building jar: /build/target/app-2.3.1-SNAPSHOT.jar
changelog | - Rotate the signing key every 90 days (#4711)
commit-message | Fix: do not log the access token
todo | TODO: move the API key to the vault
checklist | - [ ] Rotate API keys\n- [x] Reset the admin password
table | | password | string | yes | The password of the user |
table-2 | | `API_KEY` | required | your key for the API |
csv-header | id,name,password_hash,created_at
csv-row | 4711,Widget,12.50,2026-11-23,active
env-docs | # DB_PASSWORD=
env-empty | API_KEY=
env-path | GOOGLE_APPLICATION_CREDENTIALS=/secrets/gcp.json
env-bool | ENABLE_TOKEN_AUTH=true
env-url | AUTH_URL=https://id.example.net/realms/acme
env-name | SECRET_NAME=prod/app/db
env-number | TOKEN_EXPIRY=86400
env-region | AWS_REGION=eu-central-1
env-profile | AWS_PROFILE=acme-admin
env-client | OAUTH_CLIENT_ID=web-frontend
cli-flag | --password-file /run/secrets/db
cli-stdin | --password-stdin
cli-help | -p, --password string   Password (use --password-stdin)
cli-usage | usage: login [-u USER] [-p PASSWORD] host
mkdir | mkdir -p /srv/app/releases/20261123{d6}
ssh | ssh -i ~/.ssh/id_ed25519 -p 2222 deploy@web1
ssh-path | IdentityFile ~/.ssh/id_rsa
scp | scp -P 2222 build.tar.gz deploy@web1:/srv/
rsync | rsync -az --delete dist/ deploy@web1:/var/www/
sudo | sudo -u postgres psql -c '\\du'
chmod | chmod 600 ~/.netrc ~/.pgpass
tool-call | {"name": "get_secret", "arguments": "{\"name\": \"db-password\"}"}
tool-result | {"tool_call_id": "call_{w24}", "content": "ok"}
openai-id | "id": "chatcmpl-{w29}"
anthropic-id | "id": "msg_01{w22}"
anthropic-tool | "tool_use_id": "toolu_01{w22}"
openai-fingerprint | "system_fingerprint": "fp_{h10}"
assistant-id | asst_{w24} thread_{w24}
model-name | model: claude-3-5-sonnet-20241022
model-name-2 | gpt-4o-mini-2024-07-18, text-embedding-3-large
dataset | meta-llama/Llama-3.1-8B-Instruct-GGUF
notebook | "execution_count": 12, "id": "{h8}"
jupyter-output | Out[12]: array([0.1, 0.2, 0.3])
windows-guid | HKEY_CLASSES_ROOT\\CLSID\\{{H8}-{H4}-{H4}-{H4}-{H12}}
sid | S-1-5-21-{d10}-{d10}-{d9}-1001
oid | 1.3.6.1.4.1.311.21.20
xpath | //div[@class='password']/input[@type='password']
xml-empty | <password></password>
xml-type | <xs:element name="password" type="xs:string"/>
i18n | "login.password.label": "Password",
i18n-2 | password_confirmation: "Confirm your password"
"""

PLACEHOLDERS = """
YOUR_API_KEY
your-api-key-here
<your-token>
<API_KEY>
{{api_key}}
${API_KEY}
$API_KEY
%API_KEY%
xxxxxxxxxxxxxxxx
XXXXXXXXXXXXXXXXXXXX
****************
changeme
change-me
changeme-example
example-token
REPLACE_ME
replace-with-your-key
[REDACTED]
<redacted>
TODO
...
null
None
true
insert-key-here
placeholder
process.env.API_KEY
os.environ["API_KEY"]
get_token()
config.apiKey
vault:secret/data/app#key
/run/secrets/api_key
dummy
"""

AROUND_PLACEHOLDERS = """
API_KEY=@V
password: @V
"token": "@V"
export CLIENT_SECRET=@V
const secretKey = @V;
--api-key @V
"""
