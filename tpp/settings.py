"""Settings, all from the environment; what is missing and must not be guessed stops the start, in words.

`bin/setup` writes an ignored `.env` that holds every name below; `.env.example` explains each.
"""

from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from journal.path_schemas import PATH_SCHEMAS
from tpp.environment import (
    addresses,
    boolean,
    database,
    finality,
    is_loopback,
    load,
    mail_server,
    nodes,
    optional,
    origins,
    own_path,
    required,
    seconds,
    sender,
    site,
    whole,
    words,
)

BASE_DIR = Path(__file__).resolve().parent.parent
load(BASE_DIR / ".env")

# Secrets and identity
SECRET_KEY = required("TPP_SECRET_KEY", "any long random text; signs sessions")
TPP_RECEIPT_KEY = required(
    "TPP_RECEIPT_KEY",
    "32 random bytes in hex; the Ed25519 seed that signs receipts",
    form="(0x)?[0-9a-fA-F]{64}",
)
TPP_DEPLOYMENT_ID = required(
    "TPP_DEPLOYMENT_ID", "0x and 32 random bytes in hex; new for every copy", form="0x[0-9a-fA-F]{64}"
)
# Earlier receipt keys, so that receipts of past cycles stay the same bytes after a change between cycles.
TPP_RECEIPT_KEYS_BEFORE = words("TPP_RECEIPT_KEYS_BEFORE", default=[])
_site = site("TPP_SITE_URL")
TPP_SITE_URL = _site.geturl()
# Wallets that configure cycles; they grant the role to others, after a public delay.
TPP_ADMINS = addresses("TPP_ADMINS")
TPP_ROLE_DELAY_SECONDS = seconds("TPP_ROLE_DELAY_SECONDS", default="172800")
TPP_DEMO = boolean("TPP_DEMO", default=False)
DEBUG = boolean("TPP_DEBUG", default=False)

ALLOWED_HOSTS = words("TPP_ALLOWED_HOSTS", default=[str(_site.hostname)])
if TPP_DEMO and not all(is_loopback(host.strip("[]")) for host in (str(_site.hostname), *ALLOWED_HOSTS)):
    raise ImproperlyConfigured(
        "TPP_DEMO lets wallets vote whose keys everybody knows, so TPP_SITE_URL and TPP_ALLOWED_HOSTS must name"
        " this machine alone: localhost or 127.0.0.1"
    )
CSRF_TRUSTED_ORIGINS = [TPP_SITE_URL]

# Behind a proxy that ends TLS: it must set this header itself and strip the client's.
if boolean("TPP_TRUST_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
_secure = _site.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SECURE_SSL_REDIRECT = _secure and boolean("TPP_REDIRECT_TO_HTTPS", default=True)
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
# Whose subdomains there are, and whether browsers preload the domain, is its owner's to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# A further wallet: the path, on this site, of a JavaScript module that announces it, and the hosts it talks to.
TPP_WALLET_SCRIPT = own_path("TPP_WALLET_SCRIPT")
TPP_WALLET_HOSTS = origins("TPP_WALLET_HOSTS")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "connect-src": [SELF, *TPP_WALLET_HOSTS],
        "img-src": [SELF, "data:"],
        "worker-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "journal",
    "chain",
    "accounts",
    "power",
    "deliberation",
    "ledger",
    "programmes",
    "votes",
    "tpp",
]

MIDDLEWARE = [
    "tpp.middleware.Unavailable",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tpp.brief_cache.BriefCache",
    "tpp.policy.SamePolicy",
    "tpp.ballots_first.BallotsFirst",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "tpp.due_freezes.DueFreezes",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tpp.shared_pages.SharedPages",
]

ROOT_URLCONF = "tpp.urls"
WSGI_APPLICATION = "tpp.wsgi.application"
AUTH_USER_MODEL = "accounts.Wallet"
AUTHENTICATION_BACKENDS = ["accounts.backends.WalletBackend"]
LOGIN_URL = "sign_in"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tpp.pages.context.site",
            ],
            "builtins": ["django.contrib.humanize.templatetags.humanize"],
        },
    }
]

# DATABASE_URL is the application's role, which owns nothing; migrations use DATABASE_OWNER_URL where it is set.
DATABASES = {"default": database("DATABASE_URL", conn_max_age=None)}

REDIS_URL = required("REDIS_URL", "redis://host:port/0; broker and cache")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "socket_timeout": 2,
            "socket_connect_timeout": 2,
        },  # a cache that hangs must not hang a page
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_DEFAULT_QUEUE = "quick"
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "votes.tasks.tick", "schedule": 1.0},
    "records": {
        "task": "votes.tasks.check_records",
        "schedule": crontab(hour=3, minute=17),
        "options": {"expires": 3600, "queue": "long"},
    },
    "mail": {
        "task": "journal.tasks.forget_mail",
        "schedule": crontab(hour=4, minute=41),
        "options": {"expires": 3600},
    },
    "sessions": {
        "task": "tpp.tasks.clear_sessions",
        "schedule": crontab(hour=4, minute=23),
        "options": {"expires": 3600},
    },
}

# How often at most the tree of an open cycle's ballots is signed, where there are new ones [s].
TPP_HEAD_SECONDS = seconds("TPP_HEAD_SECONDS", default="4")

# How long a page that everybody sees alike may be shown before it is rendered anew; 0 renders each anew.
TPP_PAGE_SECONDS = seconds("TPP_PAGE_SECONDS", default="1")

# EVM nodes, asked in this order: they say whether wallets that are contracts stand behind ballots. Without any, such
# wallets cannot vote. `TPP_WAITING_SECONDS` is frozen into each cycle's rules.
TPP_RPC_URLS = nodes("TPP_RPC_URLS")
TPP_RPC_SECONDS = seconds("TPP_RPC_SECONDS", default="10")
TPP_FINALITY = finality("TPP_FINALITY", default="finalized")
TPP_WAITING_SECONDS = whole("TPP_WAITING_SECONDS", default="3600")

# Mail: receipts to delegates who ask for them. Without a server none is sent, and the site says so.
_mail = mail_server("TPP_EMAIL_URL")
TPP_SENDS_MAIL = bool(_mail)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if TPP_SENDS_MAIL else 'dummy'}.EmailBackend"
EMAIL_HOST = _mail.get("EMAIL_HOST", "")
EMAIL_PORT = _mail.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _mail.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = sender("TPP_EMAIL_FROM", default="votes@localhost.localdomain")
if TPP_SENDS_MAIL:
    required("TPP_EMAIL_FROM", "the address that mail comes from, such as Votes <votes@example.org>")

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"
    },  # sent as gzip: a third of the bytes
}
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
WHITENOISE_USE_FINDERS = boolean("TPP_STATIC_FROM_SOURCE", default=False)

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True
USE_THOUSAND_SEPARATOR = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "journal.negotiation.AlwaysJSON",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["journal.throttles.ReadingThrottle"],
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "journal.reading.answer_in_words",
}

# How often one network address may read the API, and how many refused ballots it is told why, in a minute; 0 for no
# limit. A ballot that is right is taken always, and this machine itself is never counted.
TPP_READS_A_MINUTE = whole("TPP_READS_A_MINUTE", default="1200")
TPP_REFUSED_BALLOTS_A_MINUTE = whole("TPP_REFUSED_BALLOTS_A_MINUTE", default="60")
# How often one wallet may save its draft in a minute; 0 for no limit. Typing without a pause makes about 60.
TPP_DRAFT_SAVES_A_MINUTE = whole("TPP_DRAFT_SAVES_A_MINUTE", default="120")
TPP_TRUST_PROXY = boolean("TPP_TRUST_PROXY", default=False)

SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Token Programmes",
    "VERSION": "1",
    "DESCRIPTION": (
        "Everything public of this deployment, and one thing to send: a signed ballot. No account, no key, no login;"
        " only drafts belong to a session."
        "\n\nAmounts and voting power are decimal strings of base units; floors, caps and lines are basis points,"
        " 10,000 of which are the whole; instants are ISO 8601 in UTC with microseconds and `Z`; exact shares are"
        " fractions such as 7/10. Lists come in pages of at most 100 rows: follow `next` until it is null. Answers"
        " carry an ETag; `If-None-Match` is answered 304. Every refusal is `refusal`, a name that never changes, and"
        " `words`. Version 1 may gain fields and addresses, and loses none."
    ),
    "LICENSE": {"name": "MIT"},
    "SERVERS": [{"url": TPP_SITE_URL}],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {"PhaseEnum": "votes.serializers.PHASES"},
    "POSTPROCESSING_HOOKS": ["tpp.openapi.complete"],
    "PATH_CONVERTER_OVERRIDES": PATH_SCHEMAS,
}

# What anybody can cause is answered 400, logged as such, and nobody's error.
_BAD_REQUESTS = ("DisallowedHost", "RequestDataTooBig", "TooManyFieldsSent", "TooManyFilesSent")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {f"django.security.{name}": {"level": "CRITICAL"} for name in _BAD_REQUESTS},
    "root": {"handlers": ["console"], "level": optional("TPP_LOG_LEVEL", "INFO")},
}
