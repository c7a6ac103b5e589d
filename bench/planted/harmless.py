"""Texts that look like secrets or personal data and are none: nothing in them may be touched."""

CODE = r"""
git-commit | commit {h40}
git-short | fixed in {h7}, see {h8}
git-log | {h7} Merge branch 'main' into feature/login
git-index | index {h7}..{h7} 100644
git-diff-head | diff --git a/src/token.py b/src/token.py
git-tree | tree {h40}\nparent {h40}
git-submodule | -{h40} vendor/libfoo
git-ref | refs/pull/4711/head {h40}
git-remote | git clone git@github.com:acme/shop.git
git-ssh-url | ssh://git@github.com/acme/shop.git
git-https | https://github.com/acme/shop/commit/{h40}
action-pin | uses: actions/checkout@{h40} # v4.1.1
docker-digest | image: nginx@sha256:{h64}
docker-layer | {h12}: Pull complete
docker-ps | {h12}   postgres:16   "docker-entrypoint.s…"   2 hours ago
docker-history | sha256:{h64}
sha256sum | {h64}  abeyance-1.2.3.tar.gz
md5sum | {h32} *setup.exe
sha1 | SHA1: {h40}
sha512 | {h128}  archive.zip
etag | ETag: "{h32}"
etag-weak | W/"{h8}-{h12}"
npm-integrity | "integrity": "sha512-{b86}==",
npm-resolved | "resolved": "https://registry.example.net/lodash/-/lodash-4.17.21.tgz#{h40}"
yarn-integrity | integrity sha512-{b86}==
yarn-checksum | checksum: 10c0/{h128}
pnpm | resolution: {integrity: sha512-{b86}==}
cargo-lock | checksum = "{h64}"
go-sum | github.com/pkg/errors v0.9.1 h1:{b43}=
go-sum-mod | golang.org/x/net v0.17.0/go.mod h1:{b43}=
pip-hash | requests==2.31.0 --hash=sha256:{h64}
poetry-hash | {file = "idna-3.4-py3-none-any.whl", hash = "sha256:{h64}"},
poetry-content | content-hash = "{h64}"
uv-lock | wheels = [{ hash = "sha256:{h64}", size = 61531 }]
gem-lock | nokogiri (1.15.4) sha256={h64}
composer-lock | "content-hash": "{h32}",
nix-hash | sha256 = "sha256-{b43}=";
nix-store | /nix/store/{n32}-hello-2.12.1
sri | <script src="app.js" integrity="sha384-{b64}" crossorigin="anonymous"></script>
csp-nonce | <script nonce="{b22}==">
terraform-lock | "h1:{b43}=",
terraform-zh | "zh:{h64}",
webpack-chunk | main.{h20}.chunk.js
vite-asset | /assets/index-{u8}.js
css-module | .Button_primary__{w5} { color: #{h6}; }
css-colours | background: #{h6}; color: #{h8};
css-gradient | linear-gradient(90deg, #{h6} 0%, #{h6} 100%)
svg-path | <path d="M12.{d2} 3.{d3}c-1.{d2} 0-2.{d2}.4-3.{d3} 1.{d2}z"/>
image-data | <img src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUg{b400}==">
font-data | url(data:font/woff2;base64,d09GMgABAAAAA{b300})
svg-data | url("data:image/svg+xml;base64,PHN2Zy{b200}=")
sourcemap | //# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpb{b200}
mappings | "mappings": "AAAA,SAAS,{l4},GAAG,CAAC,{U6},CAAC;AACA"
minified | !function(e,t){"use strict";var n=t(12),r=n.a.default;e.exports=function(o){return r(o)}}()
minified-2 | const{a:r,b:i}=s;t.d(n,"x7",(function(){return p}));var k=n(2041),z=n.n(k)
uuid | id: {uuid}
uuid-path | GET /v1/orders/{uuid}/items
uuid-upper | <ProjectGuid>{{H8}-{H4}-{H4}-{H4}-{H12}}</ProjectGuid>
trace-id | traceparent: 00-{h32}-{h16}-01
request-id | x-request-id: {uuid}
correlation | correlationId={uuid}
span | span_id={h16} trace_id={h32}
mongo-id | {"_id": {"$oid": "{h24}"}}
mongo-id-2 | ObjectId("{h24}")
ulid | 01{N24}
ksuid | ksuid: {w27}
nanoid | data-testid="{u21}"
snowflake-id | channel 1{d17}
stripe-price | price: price_1{w23}
stripe-customer | "customer": "cus_{w14}"
stripe-product | prod_{w14}
stripe-intent | pi_3{w23}
stripe-charge | ch_3{w23}
stripe-sub | sub_1{w23}
stripe-event | evt_1{w23}
slack-channel | C0{N9}
slack-user | <@U0{N9}>
slack-team | T0{N8}
aws-arn | arn:aws:iam::{d12}:role/deploy
aws-arn-secret | arn:aws:secretsmanager:eu-west-1:{d12}:secret:prod/db-{w6}
aws-instance | i-0{h16}
aws-ami | ami-0{h16}
aws-subnet | subnet-0{h16}, sg-0{h16}
aws-account | AWS account {d12}
aws-bucket | s3://acme-backups-{h8}/2026/11/
aws-kms | arn:aws:kms:us-east-1:{d12}:key/{uuid}
gcp-project | projects/acme-prod-{d6}/secrets/db-password/versions/latest
gcp-email-role | roles/secretmanager.secretAccessor
azure-subscription | /subscriptions/{uuid}/resourceGroups/rg
azure-vault | https://acme.vault.azure.net/secrets/db-password
k8s-pod | api-7{h9}-{n5}   1/1   Running
k8s-secret-ref | secretKeyRef: {name: db, key: password}
k8s-secret-name | secretName: tls-certificate
k8s-uid | uid: {uuid}
k8s-version | resourceVersion: "{d8}"
helm-values | password: {{ .Values.db.password }}
helm-lookup | password: {{ randAlphaNum 32 | b64enc | quote }}
actions-secret | token: ${{ secrets.GITHUB_TOKEN }}
actions-env | API_KEY: ${{ secrets.API_KEY }}
jenkins | password = credentials('db-password')
ansible-var | password: "{{ vault_db_password }}"
ansible-vault | $ANSIBLE_VAULT;1.1;AES256
terraform-var | password = var.db_password
terraform-data | secret_string = data.aws_secretsmanager_secret_version.db.secret_string
terraform-random | password = random_password.db.result
terraform-sensitive | variable "api_token" {\n  type      = string\n  sensitive = true\n}
shell-variable | export TOKEN="$(cat /run/secrets/token)"
shell-plain | PASSWORD=$DB_PASSWORD
shell-default | API_KEY=${API_KEY:?missing}
shell-read | read -rsp "Password: " password
shell-test | if [ -z "$API_TOKEN" ]; then exit 1; fi
powershell | $token = $env:API_TOKEN
batch | set PASSWORD=%DB_PASSWORD%
python-environ | api_key = os.environ["API_KEY"]
python-getenv | TOKEN = os.getenv("SERVICE_TOKEN")
python-call | token = get_token()
python-call-2 | password = getpass.getpass("Password: ")
python-method | self.secret = self._load_secret(path)
python-settings | password=settings.DATABASE_PASSWORD
python-none | def login(user: str, password: str | None = None) -> Token:
python-type | access_token: str
python-import | from app.secrets import token_bytes, token_urlsafe
python-secrets | key = secrets.token_hex(32)
python-compare | if not hmac.compare_digest(token, expected_token):
python-del | del headers["Authorization"]
python-assert | assert response.json()["token_type"] == "bearer"
python-format | headers = {"Authorization": f"Bearer {token}"}
python-dict | return {"password": password, "token": token}
python-error | raise ValueError("password must not be empty")
python-hash | digest = hashlib.sha256(password.encode()).hexdigest()
python-field | password = serializers.CharField(write_only=True, min_length=8)
python-model | password_hash = Column(String(128), nullable=False)
pydantic | api_key: SecretStr = Field(alias="API_KEY")
javascript-env | const apiKey = process.env.API_KEY;
javascript-await | const token = await getAccessToken(user);
javascript-template | headers: { Authorization: `Bearer ${token}` }
javascript-destructure | const { password, confirmPassword } = req.body;
javascript-state | const [password, setPassword] = useState('');
javascript-type | type Props = { password: string; token?: string };
javascript-enum | TokenType.AccessToken = 'access_token'
javascript-storage | localStorage.getItem('auth_token')
javascript-validate | if (password.length < 12) throw new Error('Password too short');
javascript-null | let secretKey = null;
typescript-interface | interface Credentials { readonly apiKey: string; }
react-input | <input type="password" name="password" placeholder="Password" />
vue-model | <PasswordField v-model="form.password" label="New password" />
html-label | <label for="password">Password</label>
html-csrf-name | <meta name="csrf-param" content="authenticity_token">
html-link | <a href="/password/reset">Forgot your password?</a>
css-class | .password-input-wrapper { margin-bottom: 16px; }
go-env | token := os.Getenv("API_TOKEN")
go-struct | Password string `json:"password,omitempty"`
go-error | ErrInvalidToken = errors.New("invalid token")
go-func | func NewToken(secretKey []byte) (*Token, error) {
java-env | String password = System.getenv("DB_PASSWORD");
java-spring | @Value("${db.password}") private String password;
java-getter | public String getPassword() { return password; }
java-constant | private static final String TOKEN_HEADER = "X-Auth-Token";
java-bean | passwordEncoder = new BCryptPasswordEncoder();
csharp | var key = Configuration["Jwt:SecretKey"];
csharp-property | public string Password { get; set; }
php-env | 'password' => env('DB_PASSWORD', ''),
php-post | $password = $_POST['password'];
ruby-env | password: <%= ENV['DB_PASSWORD'] %>
ruby-credentials | secret_key_base: Rails.application.credentials.secret_key_base
rust-env | let token = std::env::var("API_TOKEN")?;
rust-struct | pub struct Token { secret: String, expires_at: u64 }
swift | let token = keychain.get("token")
kotlin | val password = binding.passwordField.text.toString()
sql-column | password_hash VARCHAR(255) NOT NULL,
sql-select | SELECT id, password, api_token FROM users WHERE email = $1;
sql-alter | ALTER TABLE users ADD COLUMN reset_password_token text;
sql-index | CREATE INDEX idx_tokens_user ON access_tokens (user_id);
sql-parameter | UPDATE users SET password = ? WHERE id = ?
sql-update | INSERT INTO tokens (token, user_id) VALUES ($1, $2)
graphql | mutation Login($password: String!) { login(password: $password) { token } }
protobuf | string access_token = 3;
openapi | securitySchemes:\n  ApiKeyAuth:\n    type: apiKey\n    name: X-API-Key
json-schema | "password": {"type": "string", "minLength": 8}
json-null | "token": null, "secret": ""
json-bool | "password_required": true
yaml-bool | token_auth: false
yaml-number | token_ttl: 3600
yaml-path | key_file: /etc/ssl/private/server.key
yaml-empty | password: ""
ini-path | ssl_certificate_key /etc/nginx/ssl/example.net.key;
regex | TOKEN_RE = re.compile(r"[A-Za-z0-9_-]{20,}")
regex-aws | (?:A3T[A-Z0-9]|AKIA|ASIA)[A-Z0-9]{16}
test-name | def test_a_password_reset_token_expires_after_an_hour():
test-name-js | it('rejects an invalid api key', async () => {
test-java | public void shouldReturnUnauthorizedWhenTokenIsMissing() {
long-identifier | calculateMonthlyRecurringRevenueForSubscriptionPlanV2
long-constant | MAX_CONCURRENT_AUTHENTICATION_TOKEN_REFRESH_ATTEMPTS = 5
long-module | com.acme.platform.security.oauth2.TokenEndpointAuthenticationFilter
class-name | AbstractAnnotationConfigDispatcherServletInitializer
mangled | _ZN4abey6secret12TokenManager7refreshERKNSt6stringE
llvm | %class.std::__1::basic_string_token = type { i64, i8* }
hex-array | static const uint8_t T[] = {0x{h2}, 0x{h2}, 0x{h2}, 0x{h2}, 0x{h2}};
hex-dump | 00000010  {h2} {h2} {h2} {h2} {h2} {h2} {h2} {h2}  |........|
address | at 0x00007f{h10} in main ()
register | rax 0x{h16}
crash | EXC_BAD_ACCESS KERN_INVALID_ADDRESS at 0x0000000{h9}
ipv6-docs | 2001:db8::{h4}
mac-address | link/ether {h2}:{h2}:{h2}:{h2}:{h2}:{h2}
public-key-ssh | ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{b43} build-host
public-key-rsa | ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ{b200} laptop
public-key-pem | -----BEGIN PUBLIC KEY-----\n{b64}\n{b64}\n{b40}\n-----END PUBLIC KEY-----
certificate | -----BEGIN CERTIFICATE-----\n{b64}\n{b64}\n{b40}==\n-----END CERTIFICATE-----
csr | -----BEGIN CERTIFICATE REQUEST-----\n{b64}\n{b40}=\n-----END CERTIFICATE REQUEST-----
pgp-public | -----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{b64}\n{b64}\n={b4}\n-----END PGP PUBLIC KEY BLOCK-----
pgp-signature | -----BEGIN PGP SIGNATURE-----\n\n{b64}\n={b4}\n-----END PGP SIGNATURE-----
known-hosts | github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{b43}
fingerprint | SHA256:{b43}
fingerprint-gpg | {H4} {H4} {H4} {H4} {H4}  {H4} {H4} {H4} {H4} {H4}
serial | Serial Number: {h2}:{h2}:{h2}:{h2}:{h2}:{h2}:{h2}:{h2}
age-recipient | age1{n58}
stripe-publishable | pk_live_51{w97}
recaptcha-words | Add the reCAPTCHA site key to the page
"""  # noqa: E501 - one text, one line
