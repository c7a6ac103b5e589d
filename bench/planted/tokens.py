"""Kinds of tokens, by the forms that their vendors and the users of their APIs document.

A line is: id | template | names it is assigned to. `!` before the template marks what has no form
of its own: without its name nobody could tell it from a hash.
"""

CLOUD = """
aws-access-key | AKIA{B16} | AWS_ACCESS_KEY_ID
aws-temporary-key | ASIA{B16} | AWS_ACCESS_KEY_ID
aws-secret-key | !{b40} | AWS_SECRET_ACCESS_KEY aws_secret_key
aws-session-token | !IQoJb3JpZ2luX2Vj{b340}== | AWS_SESSION_TOKEN
aws-bedrock-key | ABSK{b124}= | AWS_BEARER_TOKEN_BEDROCK
aws-mws | amzn.mws.{uuid} | MWS_AUTH_TOKEN
gcp-api-key | AIza{u35} | GOOGLE_API_KEY MAPS_KEY
gcp-oauth-secret | GOCSPX-{u28} | GOOGLE_CLIENT_SECRET
gcp-access-token | ya29.{u120-180} | access_token
gcp-refresh-token | 1//0{w1}{u60-70} | refresh_token
gcp-hmac-key | GOOG1E{B57} | GCS_HMAC_ACCESS_ID
azure-storage-key | !{b86}== | AZURE_STORAGE_KEY AccountKey
azure-client-secret | {w3}8Q~{u34} | AZURE_CLIENT_SECRET
azure-devops-pat | !{c52} | AZURE_DEVOPS_PAT SYSTEM_ACCESSTOKEN
azure-devops-pat-new | {w75}9AZDO{w4} | AZURE_DEVOPS_EXT_PAT
azure-search-key | {w42}AzSe{w4}{B4} | AZURE_SEARCH_KEY
azure-functions-key | {u42}-{u1}AzFu{w6}== | AZURE_FUNCTION_KEY
azure-openai-key | !{h32} | AZURE_OPENAI_API_KEY
azure-cosmos-key | !{b76}ACDb{b6}== | COSMOS_KEY AccountKey
alibaba-key-id | LTAI5t{w18} | ALIBABA_CLOUD_ACCESS_KEY_ID
alibaba-secret | !{w30} | ALIBABA_CLOUD_ACCESS_KEY_SECRET
tencent-secret-id | AKID{w32} | TENCENTCLOUD_SECRET_ID
tencent-secret-key | !{w32} | TENCENTCLOUD_SECRET_KEY
huawei-secret | !{w40} | HUAWEICLOUD_SECRET_KEY
digitalocean-pat | dop_v1_{h64} | DIGITALOCEAN_TOKEN
digitalocean-oauth | doo_v1_{h64} | DIGITALOCEAN_ACCESS_TOKEN
digitalocean-refresh | dor_v1_{h64} | DO_REFRESH_TOKEN
ovh-application-secret | !{w32} | OVH_APPLICATION_SECRET
ovh-consumer-key | !{w32} | OVH_CONSUMER_KEY
linode-token | !{h64} | LINODE_TOKEN
vultr-key | !{N36} | VULTR_API_KEY
scaleway-key-id | SCW{N17} | SCW_ACCESS_KEY
scaleway-secret | !{uuid} | SCW_SECRET_KEY
hetzner-token | !{w64} | HCLOUD_TOKEN
ibm-cloud-key | !{u44} | IBMCLOUD_API_KEY
yandex-iam | t1.{u30}.{u86} | YC_TOKEN
yandex-api-key | AQVN{u35} | YANDEX_API_KEY
exoscale-key | EXO{h24} | EXOSCALE_API_KEY
cloudflare-token | !{u40} | CLOUDFLARE_API_TOKEN CF_API_TOKEN
cloudflare-global-key | !{h37} | CLOUDFLARE_API_KEY
cloudflare-origin-ca | v1.0-{h24}-{h146} | CLOUDFLARE_ORIGIN_CA_KEY
heroku-key | HRKU-{uuid} | HEROKU_API_KEY
heroku-key-new | HRKU-AA{u58} | HEROKU_API_KEY
heroku-key-old | !{uuid} | HEROKU_API_KEY
fly-token | fm2_{b200}== | FLY_API_TOKEN
netlify-token | nfp_{w36} | NETLIFY_AUTH_TOKEN
vercel-token | !{w24} | VERCEL_TOKEN
render-key | rnd_{w28} | RENDER_API_KEY
railway-token | !{uuid} | RAILWAY_TOKEN
backblaze-key | K00{d1}{b27} | B2_APPLICATION_KEY
supabase-pat | sbp_{h40} | SUPABASE_ACCESS_TOKEN
supabase-secret | sb_secret_{u31} | SUPABASE_SECRET_KEY
firebase-messaging | AAAA{u7}:APA91b{u134} | FCM_SERVER_KEY
"""

HOSTING = """
github-pat | ghp_{github} | GITHUB_TOKEN GH_TOKEN
github-oauth | gho_{github} | GITHUB_TOKEN
github-user | ghu_{github} | GITHUB_USER_TOKEN
github-server | ghs_{github} | GITHUB_TOKEN
github-refresh | ghr_{github} | GITHUB_REFRESH_TOKEN
github-fine-grained | github_pat_11{N20}_{w59} | GITHUB_TOKEN GH_PAT
gitlab-pat | glpat-{u20} | GITLAB_TOKEN
gitlab-pat-routable | glpat-{u27}.{n2}.{n7} | GITLAB_TOKEN
gitlab-pat-routable-2 | glpat-{u44}.01.{n9} | GITLAB_TOKEN
gitlab-oauth | gloas-{u64} | GITLAB_OAUTH_SECRET
gitlab-deploy | gldt-{u20} | GITLAB_DEPLOY_TOKEN
gitlab-runner | glrt-{u20} | RUNNER_TOKEN
gitlab-runner-typed | glrt-t1_{u20} | RUNNER_TOKEN
gitlab-runner-registration | GR1348941{u20} | REGISTRATION_TOKEN
gitlab-job | glcbt-64_{u20} | CI_JOB_TOKEN
gitlab-trigger | glptt-{h40} | TRIGGER_TOKEN
gitlab-feed | glft-{u20} | FEED_TOKEN
gitlab-mail | glimt-{n25} | INCOMING_MAIL_TOKEN
gitlab-agent | glagent-{u50} | AGENT_TOKEN
gitlab-scim | glsoat-{u20} | SCIM_TOKEN
gitlab-feature-flags | glffct-{u20} | UNLEASH_TOKEN
bitbucket-app-password | ATBB{w24}{H8} | BITBUCKET_APP_PASSWORD
bitbucket-repository | ATCTT3xFfG{u170-180}={H8} | BITBUCKET_TOKEN
atlassian-api | ATATT3xFfGF0{u170-176}={H8} | JIRA_API_TOKEN ATLASSIAN_TOKEN
gitea-token | !{h40} | GITEA_TOKEN
sourcegraph-token | sgp_{h16}_{h40} | SRC_ACCESS_TOKEN
circleci-token | CCIPAT_{w22}_{h40} | CIRCLECI_TOKEN
circleci-project | CCIPRJ_{w22}_{h40} | CIRCLE_TOKEN
buildkite-token | bkua_{h40} | BUILDKITE_API_TOKEN
buildkite-agent | bkct_{w38} | BUILDKITE_AGENT_TOKEN
travis-token | !{u22} | TRAVIS_API_TOKEN
drone-token | !{w32} | DRONE_TOKEN
jenkins-token | 11{h32} | JENKINS_API_TOKEN
codecov-token | !{uuid} | CODECOV_TOKEN
sonar-user | squ_{h40} | SONAR_TOKEN
sonar-project | sqp_{h40} | SONAR_TOKEN
sonar-analysis | sqa_{h40} | SONAR_TOKEN
snyk-token | !{uuid} | SNYK_TOKEN
"""

CHAT = """
slack-bot | xoxb-{d12}-{d13}-{w24} | SLACK_BOT_TOKEN
slack-user | xoxp-{d12}-{d12}-{d13}-{h32} | SLACK_TOKEN
slack-app | xapp-1-A{N10}-{d13}-{h64} | SLACK_APP_TOKEN
slack-config | xoxe.xoxp-1-{w163} | SLACK_CONFIG_TOKEN
slack-refresh | xoxe-1-{w146} | SLACK_REFRESH_TOKEN
slack-session | xoxc-{d12}-{d12}-{d13}-{h64} | SLACK_TOKEN
slack-cookie | xoxd-{w60}%2B{w80}%3D | SLACK_COOKIE
slack-webhook | https://hooks.slack.com/services/T{N8}/B{N10}/{w24} | SLACK_WEBHOOK_URL
slack-workflow | https://hooks.slack.com/workflows/T{N8}/A{N10}/{d18}/{w24} | WEBHOOK
slack-signing | !{h32} | SLACK_SIGNING_SECRET
discord-bot | {snowflake}.G{w5}.{u38} | DISCORD_TOKEN
discord-bot-old | {snowflake}.{u6}.{u27} | DISCORD_BOT_TOKEN
discord-webhook | https://discord.com/api/webhooks/{d18}/{u68} | DISCORD_WEBHOOK
discord-secret | !{u32} | DISCORD_CLIENT_SECRET
telegram-bot | {d10}:AA{u33} | TELEGRAM_BOT_TOKEN
teams-webhook | https://acme.webhook.office.com/webhookb2/{uuid}@{uuid}/IncomingWebhook/{h32}/{uuid} | TEAMS
mattermost-token | !{n26} | MATTERMOST_TOKEN
line-secret | !{h32} | LINE_CHANNEL_SECRET
twilio-key | SK{h32} | TWILIO_API_KEY
twilio-auth | !{h32} | TWILIO_AUTH_TOKEN
sendgrid-key | SG.{u22}.{u43} | SENDGRID_API_KEY
mailgun-key | key-{h32} | MAILGUN_API_KEY
mailgun-key-new | {h32}-{h8}-{h8} | MAILGUN_API_KEY
mailchimp-key | {h32}-us{d2} | MAILCHIMP_API_KEY
mandrill-key | md-{u22} | MANDRILL_API_KEY
brevo-key | xkeysib-{h64}-{w16} | BREVO_API_KEY
brevo-smtp | xsmtpsib-{h64}-{w16} | BREVO_SMTP_KEY
postmark-token | !{uuid} | POSTMARK_SERVER_TOKEN
mailersend-key | mlsn.{h64} | MAILERSEND_API_KEY
mailjet-secret | !{h32} | MAILJET_SECRET_KEY
resend-key | re_{w8}_{w24} | RESEND_API_KEY
sendbird-token | !{h40} | SENDBIRD_ACCESS_TOKEN
intercom-token | dG9rO{b54}= | INTERCOM_TOKEN
vonage-secret | !{w16} | VONAGE_API_SECRET
messagebird-key | !{w25} | MESSAGEBIRD_API_KEY
"""  # noqa: E501 - one kind, one line

MONEY = """
stripe-secret | sk_live_{w24} | STRIPE_SECRET_KEY
stripe-secret-long | sk_live_51{w97} | STRIPE_API_KEY
stripe-test | sk_test_51{w97} | STRIPE_SECRET_KEY
stripe-restricted | rk_live_51{w97} | STRIPE_RESTRICTED_KEY
stripe-webhook | whsec_{w32} | STRIPE_WEBHOOK_SECRET
square-token | EAAA{u60} | SQUARE_ACCESS_TOKEN
square-old-token | sq0atp-{u22} | SQUARE_ACCESS_TOKEN
square-secret | sq0csp-{u43} | SQUARE_CLIENT_SECRET
paypal-braintree | access_token$production${n16}${h32} | BRAINTREE_ACCESS_TOKEN
paypal-secret | !E{u79} | PAYPAL_CLIENT_SECRET
adyen-key | AQE{w5}{b40}{w20}-{b43}=-{w16} | ADYEN_API_KEY
razorpay-key | rzp_live_{w14} | RAZORPAY_KEY_ID
razorpay-secret | !{w24} | RAZORPAY_KEY_SECRET
paystack-key | sk_live_{h40} | PAYSTACK_SECRET_KEY
flutterwave-key | FLWSECK-{h32}-X | FLUTTERWAVE_SECRET_KEY
paddle-key | pdl_live_apikey_01{n24}_{w22}_{w3} | PADDLE_API_KEY
mollie-key | live_{w30} | MOLLIE_API_KEY
checkout-key | sk_{n26}{n1} | CKO_SECRET_KEY
gocardless-token | live_{u40} | GOCARDLESS_ACCESS_TOKEN
plaid-token | access-production-{uuid} | PLAID_ACCESS_TOKEN
plaid-secret | !{h30} | PLAID_SECRET
coinbase-secret | !{w32} | COINBASE_API_SECRET
binance-secret | !{w64} | BINANCE_SECRET_KEY
kraken-secret | !{b86}== | KRAKEN_API_SECRET
wise-token | !{uuid} | WISE_API_TOKEN
shopify-token | shpat_{h32} | SHOPIFY_ACCESS_TOKEN
shopify-secret | shpss_{h32} | SHOPIFY_API_SECRET
shopify-custom | shpca_{h32} | SHOPIFY_ACCESS_TOKEN
shopify-private | shppa_{h32} | SHOPIFY_PASSWORD
woocommerce-secret | cs_{h40} | WC_CONSUMER_SECRET
recurly-key | !{h32} | RECURLY_API_KEY
chargebee-key | live_{w32} | CHARGEBEE_API_KEY
"""
