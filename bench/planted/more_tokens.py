"""More kinds of tokens; the form of a line is told in `tokens`."""

REGISTRIES = """
npm-token | npm_{github} | NPM_TOKEN
pypi-token | pypi-AgEIcHlwaS5vcmc{u130-170} | PYPI_TOKEN TWINE_PASSWORD
pypi-test-token | pypi-AgENdGVzdC5weXBpLm9yZw{u130-170} | TEST_PYPI_TOKEN
rubygems-key | rubygems_{h48} | GEM_HOST_API_KEY
nuget-key | oy2{c43} | NUGET_API_KEY
docker-pat | dckr_pat_{u27} | DOCKER_PASSWORD DOCKERHUB_TOKEN
docker-org | dckr_oat_{u32} | DOCKERHUB_TOKEN
crates-token | cio{w32} | CARGO_REGISTRY_TOKEN
clojars-token | CLOJARS_{h60} | CLOJARS_PASSWORD
packagist-token | packagist_uut_{h68} | PACKAGIST_TOKEN
artifactory-key | AKCp{w69} | ARTIFACTORY_API_KEY
artifactory-reference | cmVmd{w59} | ARTIFACTORY_TOKEN
cloudsmith-key | !{h40} | CLOUDSMITH_API_KEY
gemfury-token | !{w20} | GEMFURY_TOKEN
jfrog-identity | !{jwt} | JFROG_ACCESS_TOKEN
hex-key | !{h32} | HEX_API_KEY
"""

MODELS = """
openai-project | sk-proj-{u74}T3BlbkFJ{u74} | OPENAI_API_KEY
openai-service | sk-svcacct-{u74}T3BlbkFJ{u74} | OPENAI_API_KEY
openai-admin | sk-admin-{u58}T3BlbkFJ{u58} | OPENAI_ADMIN_KEY
openai-old | sk-{w20}T3BlbkFJ{w20} | OPENAI_API_KEY
anthropic-key | sk-ant-api03-{u93}AA | ANTHROPIC_API_KEY
anthropic-admin | sk-ant-admin01-{u93}AA | ANTHROPIC_ADMIN_KEY
anthropic-oauth | sk-ant-oat01-{u93}AA | CLAUDE_CODE_OAUTH_TOKEN
huggingface | hf_{w34} | HF_TOKEN HUGGINGFACE_TOKEN
huggingface-org | api_org_{w34} | HUGGINGFACE_TOKEN
replicate | r8_{w37} | REPLICATE_API_TOKEN
groq | gsk_{w52} | GROQ_API_KEY
xai | xai-{w80} | XAI_API_KEY
perplexity | pplx-{w48} | PERPLEXITY_API_KEY
cohere | !{w40} | COHERE_API_KEY CO_API_KEY
mistral | !{w32} | MISTRAL_API_KEY
together | !{h64} | TOGETHER_API_KEY
fireworks | fw_{w24} | FIREWORKS_API_KEY
openrouter | sk-or-v1-{h64} | OPENROUTER_API_KEY
deepseek | sk-{h32} | DEEPSEEK_API_KEY
elevenlabs | sk_{h48} | ELEVENLABS_API_KEY
langsmith | lsv2_pt_{h32}_{h10} | LANGSMITH_API_KEY
langsmith-service | lsv2_sk_{h32}_{h10} | LANGCHAIN_API_KEY
langfuse | sk-lf-{uuid} | LANGFUSE_SECRET_KEY
pinecone | pcsk_{w5}_{w63} | PINECONE_API_KEY
voyage | pa-{u43} | VOYAGE_API_KEY
jina | jina_{w60} | JINA_API_KEY
tavily | tvly-{w32} | TAVILY_API_KEY
tavily-dev | tvly-dev-{w32} | TAVILY_API_KEY
nvidia | nvapi-{u64} | NVIDIA_API_KEY
cerebras | csk-{n48} | CEREBRAS_API_KEY
assemblyai | !{h32} | ASSEMBLYAI_API_KEY
deepgram | !{h40} | DEEPGRAM_API_KEY
stability | sk-{w48} | STABILITY_API_KEY
wandb | !{h40} | WANDB_API_KEY
modal-id | ak-{w22} | MODAL_TOKEN_ID
modal-secret | as-{w22} | MODAL_TOKEN_SECRET
e2b | e2b_{h40} | E2B_API_KEY
firecrawl | fc-{h32} | FIRECRAWL_API_KEY
cursor | crsr_{h64} | CURSOR_API_KEY
cursor-old | key_{h64} | CURSOR_API_KEY
ai21 | !{w32} | AI21_API_KEY
baseten | {w8}.{w32} | BASETEN_API_KEY
"""

WATCHING = """
datadog-key | !{h32} | DD_API_KEY DATADOG_API_KEY
datadog-app-key | !{h40} | DD_APP_KEY DATADOG_APP_KEY
datadog-pat | ddpat_{w22}_{w60} | DD_ACCESS_TOKEN
newrelic-user | NRAK-{N27} | NEW_RELIC_API_KEY
newrelic-license | {h36}NRAL | NEW_RELIC_LICENSE_KEY
newrelic-insert | NRII-{u32} | NEW_RELIC_INSERT_KEY
newrelic-browser | NRJS-{h19} | NEW_RELIC_BROWSER_KEY
sentry-user | sntryu_{h64} | SENTRY_AUTH_TOKEN
sentry-org | sntrys_eyJpYXQiOj{b120}=_{b43} | SENTRY_AUTH_TOKEN
grafana-service | glsa_{w32}_{h8} | GRAFANA_TOKEN
grafana-cloud | glc_eyJvIjoi{b120}== | GRAFANA_CLOUD_TOKEN
grafana-api | eyJrIjoi{b72}== | GRAFANA_API_KEY
dynatrace | dt0c01.{N24}.{N64} | DT_API_TOKEN
honeycomb | hcaik_01{n56} | HONEYCOMB_API_KEY
pagerduty | !u+{u18} | PAGERDUTY_TOKEN
opsgenie | !{uuid} | OPSGENIE_API_KEY
rollbar | !{h32} | ROLLBAR_ACCESS_TOKEN
logdna | !{h32} | LOGDNA_INGESTION_KEY
sumologic | !{w64} | SUMOLOGIC_ACCESS_KEY
splunk-hec | !{uuid} | SPLUNK_HEC_TOKEN
posthog | phx_{w43} | POSTHOG_PERSONAL_API_KEY
mixpanel | !{h32} | MIXPANEL_API_SECRET
segment | !{w32} | SEGMENT_WRITE_KEY
launchdarkly | sdk-{uuid} | LAUNCHDARKLY_SDK_KEY
launchdarkly-api | api-{uuid} | LAUNCHDARKLY_ACCESS_TOKEN
statsig | secret-{w43} | STATSIG_SERVER_SECRET
algolia | !{h32} | ALGOLIA_ADMIN_KEY ALGOLIA_API_KEY
elastic | !{b58}== | ELASTIC_API_KEY
axiom | xaat-{uuid} | AXIOM_TOKEN
"""

SERVICES = """
databricks | dapi{h32} | DATABRICKS_TOKEN
databricks-2 | dapi{h32}-2 | DATABRICKS_TOKEN
snowflake-password | !{pw} | SNOWFLAKE_PASSWORD
planetscale-token | pscale_tkn_{u43} | PLANETSCALE_TOKEN
planetscale-password | pscale_pw_{u43} | DATABASE_PASSWORD
planetscale-oauth | pscale_oauth_{u43} | PLANETSCALE_TOKEN
doppler | dp.pt.{w43} | DOPPLER_TOKEN
doppler-service | dp.st.prd.{w43} | DOPPLER_TOKEN
vault-service | hvs.{u95} | VAULT_TOKEN
vault-batch | hvb.AAAAAQ{u150} | VAULT_TOKEN
vault-old | s.{w24} | VAULT_TOKEN
terraform-cloud | {w14}.atlasv1.{w67} | TF_TOKEN TFE_TOKEN
pulumi | pul-{h40} | PULUMI_ACCESS_TOKEN
consul | !{uuid} | CONSUL_HTTP_TOKEN
tailscale-auth | tskey-auth-{w12}CNTRL-{w32} | TS_AUTHKEY
tailscale-api | tskey-api-{w12}CNTRL-{w32} | TAILSCALE_API_KEY
onepassword | ops_eyJ{b400} | OP_SERVICE_ACCOUNT_TOKEN
onepassword-key | A3-{N6}-{N6}-{N5}-{N5}-{N5}-{N5} | OP_SECRET_KEY
age-key | AGE-SECRET-KEY-1{x58} | SOPS_AGE_KEY
okta-token | 00{u40} | OKTA_API_TOKEN
auth0-secret | !{u64} | AUTH0_CLIENT_SECRET
clerk | sk_live_{w42} | CLERK_SECRET_KEY
figma | figd_{u40} | FIGMA_TOKEN
linear | lin_api_{w40} | LINEAR_API_KEY
notion | ntn_{d11}{w35} | NOTION_TOKEN
notion-old | secret_{w43} | NOTION_API_KEY
airtable | pat{w14}.{h64} | AIRTABLE_API_KEY
asana | 1/{d16}:{h32} | ASANA_TOKEN
asana-new | 2/{d16}/{d16}:{h32} | ASANA_TOKEN
clickup | pk_{d8}_{N32} | CLICKUP_TOKEN
typeform | tfp_{u44}_{u14} | TYPEFORM_TOKEN
contentful | CFPAT-{u43} | CONTENTFUL_MANAGEMENT_TOKEN
hubspot | pat-na1-{uuid} | HUBSPOT_TOKEN
salesforce | 00D{w12}!{w24}.{w71} | SF_ACCESS_TOKEN
zendesk | !{w40} | ZENDESK_API_TOKEN
freshdesk | !{w20} | FRESHDESK_API_KEY
dropbox | sl.{u135} | DROPBOX_TOKEN
mapbox-secret | sk.eyJ1Ijoi{w60}.{u22} | MAPBOX_SECRET_TOKEN
facebook | EAAG{w160} | FACEBOOK_ACCESS_TOKEN
instagram | IGQVJ{u140} | INSTAGRAM_TOKEN
twitter-bearer | AAAAAAAAAAAAAAAAAAAAA{w22}%3D{w50} | TWITTER_BEARER_TOKEN
twitter-secret | !{w50} | TWITTER_API_SECRET CONSUMER_SECRET
linkedin-secret | WPL_AP1.{w16}.{w8} | LINKEDIN_CLIENT_SECRET
reddit-secret | !{u30} | REDDIT_CLIENT_SECRET
spotify-secret | !{h32} | SPOTIFY_CLIENT_SECRET
postman | PMAK-{h24}-{h34} | POSTMAN_API_KEY
rapidapi | !{h10}msh{h15}p{h6}jsn{h12} | RAPIDAPI_KEY
ngrok | !2{w26}_{w21} | NGROK_AUTHTOKEN
prefect | pnu_{w36} | PREFECT_API_KEY
duffel | duffel_live_{u43} | DUFFEL_TOKEN
easypost | EZAK{w54} | EASYPOST_API_KEY
shippo | shippo_live_{h40} | SHIPPO_TOKEN
lob | live_{h35} | LOB_API_KEY
readme | rdme_{n70} | README_API_KEY
infracost | ico-{w32} | INFRACOST_API_KEY
akamai | !akab-{n16}-{n16} | AKAMAI_CLIENT_TOKEN
fastly | !{u32} | FASTLY_API_TOKEN
confluent-secret | !{b64} | CONFLUENT_CLOUD_API_SECRET
mongodb-atlas | !{uuid} | MONGODB_ATLAS_PRIVATE_KEY
neon | napi_{n64} | NEON_API_KEY
upstash | !{w36} | UPSTASH_REDIS_REST_TOKEN
wakatime | waka_{uuid} | WAKATIME_API_KEY
duo | !{w40} | DUO_SECRET_KEY
maxmind | {w6}_{w29}_mmk | MAXMIND_LICENSE_KEY
yubico | !{b27}= | YUBICO_SECRET_KEY
teamcity | eyJ0eXAiOiAiVENWMiJ9.{u36}.{u48} | TEAMCITY_TOKEN
"""

GENERIC = """
password | !{pw} | PASSWORD DB_PASSWORD
user-password | !{pw} | ADMIN_PASSWORD SMTP_PASS
passwd | !{pw} | passwd MYSQL_PWD
api-key | !{w32} | API_KEY X_API_KEY
api-key-hex | !{h40} | INTERNAL_API_KEY
api-token | !{w40} | API_TOKEN ACCESS_TOKEN
auth-token | !{u43} | AUTH_TOKEN
client-secret | !{u40} | CLIENT_SECRET OAUTH_CLIENT_SECRET
secret-key | !{h64} | SECRET_KEY APP_SECRET
django-key | !{n42}!%^ | DJANGO_SECRET_KEY SECRET_KEY
jwt-secret | !{b44} | JWT_SECRET
session-secret | !{w48} | SESSION_SECRET COOKIE_SECRET
encryption-key | !{h64} | ENCRYPTION_KEY
webhook-secret | !{h40} | WEBHOOK_SECRET
signing-key | !{b43}= | SIGNING_KEY
private-token | !{u20} | PRIVATE_TOKEN
passphrase | !{pw} | PASSPHRASE
laravel-key | base64:{b43}= | APP_KEY
rails-master | !{h32} | RAILS_MASTER_KEY
rails-secret | !{h128} | SECRET_KEY_BASE
json-web-token | {jwt} | ID_TOKEN
json-web-encryption | {jwe} | ID_TOKEN
"""
