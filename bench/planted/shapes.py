"""Secrets that are told by what stands around them: the secret part is between « and »."""

DATABASES = r"""
postgres | postgres://app:«{pwurl}»@db.internal:5432/shop
postgresql-psycopg | DATABASE_URL=postgresql+psycopg2://svc:«{pwurl}»@10.0.4.7/orders?sslmode=require
mysql | mysql://root:«{pwurl}»@mysql:3306/wordpress
mysql-pymysql | create_engine("mysql+pymysql://web:«{pwurl}»@localhost/app")
mariadb | mariadb://svc:«{pwurl}»@maria.example.net/crm
mongodb | mongodb://admin:«{pwurl}»@mongo-0,mongo-1:27017/?replicaSet=rs0
mongodb-srv | mongodb+srv://api:«{pwurl}»@cluster0.ab1cd.mongodb.net/prod?retryWrites=true
redis | redis://:«{pwurl}»@cache.internal:6379/0
redis-tls | rediss://default:«{pwurl}»@eu1-wise-fox-3.upstash.io:6379
amqp | amqp://rabbit:«{pwurl}»@mq.internal:5672/%2F
amqps | amqps://svc:«{pwurl}»@broker/vhost
mssql | mssql://sa:«{pwurl}»@sql.internal:1433;databaseName=Sales
mssql-pyodbc | mssql+pyodbc://sa:«{pwurl}»@dsn
oracle | oracle+oracledb://scott:«{pwurl}»@ora.internal:1521/?service_name=XE
oracle-thin | jdbc:oracle:thin:scott/«{pwurl}»@//ora.internal:1521/ORCL
clickhouse | clickhouse://default:«{pwurl}»@ch.internal:9000/logs
cockroach | cockroachdb://roach:«{pwurl}»@free-tier.gcp.cockroachlabs.cloud:26257/defaultdb
snowflake | snowflake://loader:«{pwurl}»@ab12345.eu-west-1/RAW/PUBLIC?warehouse=LOAD
redshift | redshift+psycopg2://etl:«{pwurl}»@cluster.abc.us-east-1.redshift.amazonaws.com:5439/dev
neo4j | neo4j+s://neo4j:«{pwurl}»@graph.internal:7687
couchdb | http://couch:«{pwurl}»@localhost:5984/_all_dbs
elastic-url | https://elastic:«{pwurl}»@es.internal:9200/_cat/indices
ftp | ftp://upload:«{pwurl}»@files.example.net/in/
sftp | sftp://batch:«{pwurl}»@sftp.example.net:22/drop
smtp | smtp://mailer:«{pwurl}»@mail.example.net:587
ldap | ldaps://svc:«{pwurl}»@ldap.example.net:636
git-https | git clone https://oauth2:«{u20}»@git.example.net/acme/shop.git
git-remote | url = https://build:«{pwurl}»@git.example.net/acme/app.git
pip-index | --extra-index-url https://reader:«{pwurl}»@packages.example.net/simple
proxy | export HTTPS_PROXY=http://proxyuser:«{pwurl}»@proxy.internal:3128
nats | nats://svc:«{pwurl}»@nats.internal:4222
jdbc-postgres | jdbc:postgresql://db:5432/app?user=app&password=«{pwurl}»
jdbc-sqlserver | jdbc:sqlserver://sql:1433;databaseName=HR;user=sa;password=«{pwurl}»;encrypt=true
jdbc-mysql | spring.datasource.url=jdbc:mysql://db/app?user=web&password=«{pwurl}»&useSSL=false
ado-net | Server=tcp:sql1.database.windows.net,1433;Database=hr;User ID=sa;Password=«{pw}»;Encrypt=True;
ado-net-short | "ConnectionStrings": {"Default": "Server=.;Database=Shop;Uid=web;Pwd=«{pwurl}»;"}
odbc | DRIVER={ODBC Driver 18 for SQL Server};SERVER=sql;UID=etl;PWD=«{pwurl}»
npgsql | Host=db;Port=5432;Username=app;Password=«{pwurl}»;Database=shop
libpq | psql "host=db user=app password=«{pwurl}» dbname=shop"
pgpassword | PGPASSWORD=«{pwurl}» psql -h db -U app shop
pgpass | db.internal:5432:shop:app:«{w16}»
mysql-short | mysqldump -u root -p«{w14}» shop > shop.sql
mysql-long | mysql --user=root --password=«{pwurl}» -e 'show tables'
redis-cli | redis-cli -h cache -a «{pwurl}» ping
mongo-cli | mongosh --username admin --password '«{pw}»' admin
sql-create | CREATE USER app WITH ENCRYPTED PASSWORD '«{pw}»';
sql-alter | ALTER ROLE reporting PASSWORD '«{pw}»';
sql-identified | CREATE USER 'web'@'%' IDENTIFIED BY '«{pw}»';
sql-login | CREATE LOGIN etl WITH PASSWORD = N'«{pw}»';
storage-account | DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=«{b86}==»;EndpointSuffix=core
cosmos | AccountEndpoint=https://shop.documents.azure.com:443/;AccountKey=«{b76}ACDb{b6}==»;
service-bus | Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=root;SharedAccessKey=«{b43}=»
iot-hub | HostName=hub.azure-devices.net;DeviceId=door;SharedAccessKey=«{b43}=»
sas-url | https://shop.blob.core.windows.net/in?sv=2022-11-02&ss=b&se=2027-01-01&sig=«{w20}%2F{w20}%3D»
sas-service-bus | SharedAccessSignature sr=https%3a%2f%2fhub&sig=«{w22}%2b{w19}%3d»&se=1700000000&skn=root
aws-signed-url | https://b.s3.amazonaws.com/k?X-Amz-Expires=600&X-Amz-Signature=«{h64}»
gcs-signed-url | https://storage.googleapis.com/b/o?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Signature=«{h256}»
sentry-dsn | https://«{h32}»:«{h32}»@sentry.example.net/42
"""  # noqa: E501 - one form, one line

FILES = r"""
npmrc | //registry.example.net/:_authToken=«{u36}»
npmrc-auth | _auth = «{b43}=»
npmrc-password | //registry.example.net/:_password="«{coded}»"
yarnrc | npmAuthToken: "«{u36}»"
netrc | machine git.example.net login build password «{pwurl}»
netrc-lines | machine api.example.net\n  login build\n  password «{pw}»
pypirc | [pypi]\nusername = build\npassword = «{pw}»
docker-config | {"auths": {"registry.example.net": {"auth": "«{basic}»"}}}
kube-config | users:\n- name: admin\n  user:\n    token: «{jwt}»
kube-client-key | users:\n- name: admin\n  user:\n    client-key-data: «LS0tLS1CRUdJTiB{b400}=»
k8s-secret | kind: Secret\nmetadata:\n  name: db\ndata:\n  password: «{coded}»\n
k8s-secret-many | apiVersion: v1\nkind: Secret\ntype: Opaque\ndata:\n  API_TOKEN: «{b52}»\n  user: YWRtaW4=
k8s-string-data | kind: Secret\nstringData:\n  db-password: "«{pw}»"
k8s-env | env:\n  - name: DB_PASSWORD\n    value: "«{pw}»"
k8s-env-token | - name: API_TOKEN\n  value: «{w40}»
compose | environment:\n  POSTGRES_PASSWORD: «{pw}»
compose-list | environment:\n  - MYSQL_ROOT_PASSWORD=«{pwurl}»
dockerfile-env | ENV DB_PASSWORD=«{pwurl}»
dockerfile-env-space | ENV API_SECRET «{w32}»
dockerfile-arg | ARG NPM_AUTH_TOKEN=«{u36}»
terraform | resource "aws_db_instance" "db" {\n  username = "root"\n  password = "«{pw}»"\n}
terraform-variable | variable "db_password" {\n  default = "«{pw}»"\n}
tfvars | db_admin_password = "«{pw}»"
tfstate | "attributes": {"password": "«{pw}»", "port": 5432}
ansible | ansible_become_pass: «{pw}»
ansible-ssh | web1 ansible_host=10.0.0.4 ansible_user=root ansible_ssh_pass=«{pwurl}»
chef | default['mysql']['root_password'] = '«{pw}»'
env-file | APP_ENV=production\nDB_HOST=db\nDB_PASSWORD=«{pw}»\nDB_PORT=5432
properties | spring.datasource.password=«{pw}»
properties-mail | spring.mail.password: «{pw}»
wp-config | define( 'DB_PASSWORD', '«{pw}»' );
wp-salt | define('AUTH_KEY', '«{w30}!{w20}#{w12}»');
django-db | 'PASSWORD': '«{pw}»', 'HOST': 'db'
rails-db | production:\n  adapter: postgresql\n  password: «{pw}»
appsettings | "Smtp": {"User": "mailer", "Password": "«{pw}»"}
web-config | <add key="ApiSecret" value="«{w32}»" />
web-config-connection | <add name="Db" connectionString="Server=s;User Id=u;Password=«{pwurl}»;" />
maven-settings | <server><id>nexus</id><username>ci</username><password>«{pwurl}»</password></server>
tomcat-users | <user username="admin" password="«{pwurl}»" roles="manager-gui"/>
hibernate | <property name="hibernate.connection.password">«{pwurl}»</property>
ini | [smtp]\nuser=mailer\npass=«{pwurl}»
toml | [database]\nuser = "app"\npassword = "«{pw}»"
yaml-block | config: |\n  [client]\n  user=root\n  password=«{pwurl}»\n
wifi | wpa_passphrase=«{pwurl}»
wpa-supplicant | network={\n  ssid="office"\n  psk="«{pw}»"\n}
openvpn | <auth-user-pass>\nvpn\n«{w18}»\n</auth-user-pass>
wireguard | [Interface]\nPrivateKey = «{b43}=»\nAddress = 10.8.0.2/24
wireguard-psk | PresharedKey = «{b43}=»
ssh-config-sshpass | sshpass -p '«{pw}»' ssh deploy@web1
htpasswd | dana:$apr1$«{w8}${w22}»
shadow | root:$6$«{w16}${w86}»:19000:0:99999:7:::
bcrypt | "password_hash": "$2b$12$«{w53}»"
aws-credentials | [default]\naws_access_key_id = AKIA{B16}\naws_secret_access_key = «{b40}»
boto | boto3.client("s3", aws_access_key_id=k, aws_secret_access_key="«{b40}»")
gcp-service-account | {"type": "service_account", "private_key_id": "«{h40}»", "client_id": "{d21}"}
gcp-authorised-user | {"client_secret": "«{u24}»", "refresh_token": "1//0g{u60}", "type": "authorized_user"}
rclone | [s3]\ntype = s3\nsecret_access_key = «{b40}»
s3cfg | secret_key = «{b40}»
git-credentials | https://build:«{w40}»@git.example.net
composer-auth | {"http-basic": {"repo.example.net": {"username": "u", "password": "«{pw}»"}}}
gradle | signing.password=«{pwurl}»
android | storePassword "«{pw}»"\nkeyPassword "«{pw}»"
nuget-config | <add key="ClearTextPassword" value="«{pwurl}»" />
cargo | [registry]\ntoken = "«{w32}»"
jupyter | http://localhost:8888/lab?token=«{h48}»
"""  # noqa: E501 - one form, one line

COMMANDS = r"""
curl-user | curl -u dana:«{pwurl}» https://api.example.net/v1/me
curl-user-quoted | curl --user 'svc:«{pwurl}»' https://api.example.net
curl-user-token | curl -sS -u «{w32}»: https://api.example.net/v1/charges
curl-bearer | curl -H "Authorization: Bearer «{u43}»" https://api.example.net
curl-basic | curl -H 'Authorization: Basic «{basic}»' https://api.example.net
curl-header | curl -H "X-Api-Key: «{w32}»" https://api.example.net
curl-token | curl --header 'Authorization: Token «{h40}»' https://api.example.net
curl-private | curl --header "PRIVATE-TOKEN: «{u20}»" https://git.example.net/api/v4
curl-data | curl -d 'grant_type=password&username=dana&password=«{pwurl}»' https://id.example.net
curl-json | curl -d '{"username": "dana", "password": "«{pw}»"}' https://api.example.net/login
curl-oauth | curl -d client_id=web -d client_secret=«{u40}» https://id.example.net/token
wget | wget --http-user=dana --http-password=«{pwurl}» https://files.example.net
http-basic | Authorization: Basic «{basic}»
http-bearer | Authorization: Bearer «{w40}»
http-bearer-lower | authorization: bearer «{u64}»
http-apikey | Authorization: ApiKey «{b43}=»
http-digest | Authorization: Digest username="dana", realm="r", response="«{h32}»"
http-cookie-named | Cookie: _gitlab_session=«{h32}»; lang=en
http-cookie | Cookie: lang=en; sessionid=«{n32}»
http-set-cookie | Set-Cookie: session=«{u64}»; HttpOnly
http-amz | X-Amz-Security-Token: «IQoJb3JpZ2luX2Vj{b320}=»
http-vault | X-Vault-Token: «{w26}»
http-request | GET /v1/items HTTP/1.1\nHost: api.example.net\nx-api-key: «{w32}»
proxy-auth | Proxy-Authorization: Basic «{basic}»
fetch | fetch(url, { headers: { Authorization: `Bearer «{u40}»` } })
axios | axios.get(url, { auth: { username: 'dana', password: '«{pw}»' } })
requests | requests.get(url, auth=("dana", "«{pw}»"))
requests-header | headers = {"Authorization": "Bearer «{w40}»"}
url-api-key | https://api.example.net/v1/items?limit=10&api_key=«{h32}»&page=2
url-access-token | https://graph.example.net/me?access_token=«{w64}»
url-key | GET https://maps.example.net/geocode?address=Berlin&key=«{w32}»
url-token | wss://push.example.net/socket?token=«{u43}»
url-client-secret | https://id.example.net/token?client_id=web&client_secret=«{u32}»
url-fragment | https://app.example.net/#access_token=«{u64}»&token_type=bearer
docker-login | docker login -u ci -p «{pwurl}» registry.example.net
docker-login-stdin | echo "«{w24}»" | docker login -u ci --password-stdin
docker-run | docker run -e POSTGRES_PASSWORD=«{pwurl}» -d postgres
helm | helm upgrade app . --set auth.password=«{pwurl}» --wait
kubectl | kubectl create secret generic db --from-literal=password='«{pw}»'
kubectl-token | kubectl config set-credentials ci --token=«{u64}»
vault-kv | vault kv put secret/app api_secret=«{w32}»
vault-login | vault login -method=userpass username=dana password=«{pwurl}»
gh-secret | gh secret set DEPLOY_TOKEN --body "«{w40}»"
heroku-config | heroku config:set SECRET_KEY_BASE=«{h128}»
az-login | az login --service-principal -u app -p "«{w3}~{u34}»" --tenant t
az-secret | az keyvault secret set --vault-name v --name db-password --value "«{pw}»"
aws-configure | aws configure set aws_secret_access_key «{b40}»
aws-parameter | aws ssm put-parameter --name /app/db_password --type SecureString --value '«{pw}»'
openssl | openssl pkcs12 -export -in c.pem -passout pass:«{pwurl}»
keytool | keytool -genkey -alias a -storepass «{pwurl}» -keypass «{pwurl}»
gpg | gpg --batch --passphrase «{pwurl}» -d file.gpg
zip | unzip -P «{pwurl}» archive.zip
smbclient | net use Z: \\\\files\\in /user:ACME\\dana «{w14}»
powershell-secure | ConvertTo-SecureString "«{pw}»" -AsPlainText -Force
powershell-env | $env:DB_PASSWORD = "«{pw}»"
powershell-variable | $password = '«{pw}»'
batch | set DB_PASSWORD=«{pwurl}»
setx | setx API_TOKEN "«{w40}»" /M
net-user | net user svc «{w14}» /add
ldapsearch | ldapsearch -D cn=admin,dc=acme -w «{pwurl}» -b dc=acme
snmp | snmpwalk -v3 -u mon -A «{pwurl}» -X «{pwurl}» host
ssh-keygen | ssh-keygen -t ed25519 -N '«{pw}»' -f key
mail-prose | The password for the staging database is «{w14}», please do not share it.
chat-prose | my password is «{w12}» can you log in and check?
prose-colon | Password: «{pw}»
prose-login | Login: dana / Password: «{pwurl}»
prose-german | Das Passwort lautet «{w14}».
prose-german-colon | Passwort: «{pw}»
prose-french | Mot de passe : «{pw}»
prose-spanish | contraseña: «{pw}»
prose-key | Here is our API key: «{w40}»
prose-token | use this token «{w40}» to call the API
python-call | client.login("dana", password="«{pw}»")
python-default | os.environ.get("DB_PASSWORD", "«{pw}»")
js-default | const secret = process.env.JWT_SECRET || '«{w32}»';
ruby-fetch | ENV.fetch("SECRET_TOKEN", "«{w40}»")
go-struct | Config{User: "app", Password: "«{pw}»"}
java-call | DriverManager.getConnection(url, "app", "«{w14}»")
java-setter | dataSource.setPassword("«{pw}»");
csharp | new NetworkCredential("dana", "«{pw}»")
php-mysqli | new mysqli("localhost", "root", "«{w14}»", "shop")
rust | .password("«{pw}»")
tool-call | {"function": {"name": "login", "arguments": "{\\"user\\": \\"dana\\", \\"password\\": \\"«{pw}»\\"}"}}
otpauth | otpauth://totp/Acme:dana?secret=«{B32}»&issuer=Acme
totp-secret | TOTP_SECRET=«{B32}»
seed-phrase | mnemonic: "«{seed}»"
ethereum-key | ETH_PRIVATE_KEY=«0x{h64}»
bitcoin-wif | wallet key «{wif}» do not lose it
"""  # noqa: E501 - one form, one line

KEYS = r"""
rsa | -----BEGIN RSA PRIVATE KEY-----\n«{keybody}»\n-----END RSA PRIVATE KEY-----
ec | -----BEGIN EC PRIVATE KEY-----\n«{keybody}»\n-----END EC PRIVATE KEY-----
dsa | -----BEGIN DSA PRIVATE KEY-----\n«{keybody}»\n-----END DSA PRIVATE KEY-----
pkcs8 | -----BEGIN PRIVATE KEY-----\n«{keybody}»\n-----END PRIVATE KEY-----
encrypted | -----BEGIN ENCRYPTED PRIVATE KEY-----\n«{keybody}»\n-----END ENCRYPTED PRIVATE KEY-----
openssh | -----BEGIN OPENSSH PRIVATE KEY-----\n«{longbody}»\n-----END OPENSSH PRIVATE KEY-----
ssh2 | ---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n«{longbody}»\n---- END SSH2 ENCRYPTED PRIVATE KEY ----
pgp | -----BEGIN PGP PRIVATE KEY BLOCK-----\n\n«{keybody}»\n={b4}\n-----END PGP PRIVATE KEY BLOCK-----
rsa-encrypted | -----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,{H32}\n\n«{keybody}»\n-----END RSA PRIVATE KEY-----
putty | PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\n«{b48}»\nPrivate-MAC: «{h64}»
putty-rsa | PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nPrivate-Lines: 8\n«{keybody}»\nPrivate-MAC: «{h40}»
age-file | # public key: age1{n58}\n«AGE-SECRET-KEY-1{x58}»
cut-off | -----BEGIN RSA PRIVATE KEY-----\n«{keybody}»
jwk | {"kty": "RSA", "n": "{u342}", "e": "AQAB", "d": "«{u342}»", "p": "«{u171}»"}
jwk-ec | {"kty": "EC", "crv": "P-256", "x": "{u43}", "y": "{u43}", "d": "«{u43}»"}
jwk-symmetric | {"kty": "oct", "k": "«{u86}»", "alg": "HS512"}
pem-one-line | "private_key": "-----BEGIN PRIVATE KEY-----\\n«{b64}\\n{b64}\\n{b40}»\\n-----END PRIVATE KEY-----\\n"
pem-env | PRIVATE_KEY="-----BEGIN EC PRIVATE KEY-----\\n«{b64}\\n{b64}\\n{b38}==»\\n-----END EC PRIVATE KEY-----"
pem-indented | key: |\n    -----BEGIN PRIVATE KEY-----\n    «{b64}\n    {b64}\n    {b62}==»\n    -----END PRIVATE KEY-----
pem-quoted | '-----BEGIN RSA PRIVATE KEY-----\\n' +\n'«{b64}\\n' +\n'{b64}\\n' +\n'{b62}==\\n»' +\n'-----END RSA PRIVATE KEY-----'
pem-base64 | KEY_DATA: «LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQ{b600}==»
pem-diff | +-----BEGIN PRIVATE KEY-----\n+«{b64}\n+{b64}\n+{b62}==»\n+-----END PRIVATE KEY-----
pem-crlf | -----BEGIN PRIVATE KEY-----\r\n«{b64}\r\n{b64}\r\n{b62}==»\r\n-----END PRIVATE KEY-----
certificate-key | -----BEGIN CERTIFICATE-----\n{b64}\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n«{keybody}»\n-----END PRIVATE KEY-----
pkcs12 | keystore.p12.base64=«MII{b900}==»
"""  # noqa: E501 - one form, one line
