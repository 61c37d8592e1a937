"""Edgewise settings: one file, from the environment only, failing fast with a hint.

The same settings serve the embedded default and production; only the URLs differ.
"""

import base64
import os
from pathlib import Path
from typing import Any

import psycopg.conninfo
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from governance import variables
from governance.access import keyring

variables.refuse(error=ImproperlyConfigured)
BASE_DIR = Path(__file__).resolve().parents[2]
EDGEWISE_HOME = Path(os.environ.get("EDGEWISE_HOME") or BASE_DIR / "var").resolve()
# The schema-less name under which this deployment's logs are known for ever; never taken from a request.
EDGEWISE_ORIGIN = os.environ.get("EDGEWISE_ORIGIN") or "edgewise.local"
# What was erased, kept outside the database and its backups; and how long payloads are kept at least (AI Act Art. 19).
EDGEWISE_ERASURE_LIST = Path(os.environ.get("EDGEWISE_ERASURE_LIST") or EDGEWISE_HOME / "erasures" / "list")
EDGEWISE_RETENTION_MINIMUM_DAYS = variables.whole("EDGEWISE_RETENTION_MINIMUM_DAYS")
PORT = variables.whole("PORT")
# C2SP tlog-policy files of the operator: who confirms these logs from outside, and whose logs are witnessed here.
EDGEWISE_WITNESSES = Path(os.environ.get("EDGEWISE_WITNESSES") or EDGEWISE_HOME / "witnesses")
EDGEWISE_WITNESSED_LOGS = Path(os.environ.get("EDGEWISE_WITNESSED_LOGS") or EDGEWISE_HOME / "witnessed-logs")
# The address people and verifiers reach, for links in documents; requests never decide it.
EDGEWISE_BASE_URL = (os.environ.get("EDGEWISE_BASE_URL") or f"http://127.0.0.1:{PORT}").rstrip("/")


def _database(variable: str) -> dict[str, Any]:
    url = os.environ.get(variable, "")
    if not url:
        raise ImproperlyConfigured(
            f"{variable} is not set. `make run`, `make demo` and `make test` set it for the embedded PostgreSQL; "
            "elsewhere use postgresql://ROLE:PASSWORD@HOST:PORT/NAME."
        )
    parts = psycopg.conninfo.conninfo_to_dict(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "") or ""),
        # A machine that vanished without a word is given up within a minute; the URL may say otherwise.
        "OPTIONS": {"keepalives_idle": 20, "keepalives_interval": 5, "tcp_user_timeout": 30_000} | parts,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


# Two roles on one database: the owner migrates, the application runs and may not rewrite the log.
DATABASES = {"default": _database("DATABASE_URL"), "owner": _database("DATABASE_OWNER_URL")}
DATABASES["owner"]["TEST"] = {"MIRROR": "default"}
# What the application's role may only add to, and what it may add to and move on: `manage.py prepare_database`.
LEDGER_APPEND_ONLY_TABLES = [
    "audits_log", "audits_entry", "audits_tile", "audits_checkpoint", "audits_loggedevent", "audits_cosignature"
]  # fmt: skip
LEDGER_HEAD_TABLES = ["audits_head", "audits_published", "audits_served", "audits_witnessedlog"]
# What it may ask the owner to do: functions that run as the owner.
LEDGER_OWNER_FUNCTIONS = ["audits_make_room"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = base64.b64encode(keyring.key("secret", home=EDGEWISE_HOME)).decode()
DEBUG = False
ALLOWED_HOSTS = (os.environ.get("EDGEWISE_HOSTS") or "127.0.0.1,localhost,[::1]").split(",")
HTTPS = os.environ.get("EDGEWISE_HTTPS", "") == "1"
CSRF_TRUSTED_ORIGINS = [EDGEWISE_BASE_URL] if HTTPS else []

INSTALLED_APPS = [
    "modelcards",
    "councils",
    "audits",
    "governance",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "guardian",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "audits.ledger.api.shortcut",
    "governance.access.machines.shortcut",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "governance.access.characters.refuse_nul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "governance.config.urls"
WSGI_APPLICATION = "governance.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "governance.access.navigation.navigation",
            ],
        },
    }
]

# People: sign-in by user name, object permissions by guardian, accounts made by an administrator.
AUTH_USER_MODEL = "governance.Person"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "governance.access.adapter.ClosedSignUp"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ANONYMOUS_USER_NAME = None
SESSION_COOKIE_SECURE, CSRF_COOKIE_SECURE, SESSION_COOKIE_SAMESITE = HTTPS, HTTPS, "Lax"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE, LANGUAGES = "en", [("en", "English")]
TIME_ZONE, USE_TZ = "UTC", True
STATIC_URL = "/static/"
MEDIA_ROOT = EDGEWISE_HOME / "media"
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = EDGEWISE_HOME / "mail"

# What one web process takes: requests a second of one API key, seconds for a body, threads, two kept from posting.
EDGEWISE_REQUESTS_PER_SECOND = variables.number("EDGEWISE_REQUESTS_PER_SECOND")
EDGEWISE_BODY_SECONDS = variables.number("EDGEWISE_BODY_SECONDS")
EDGEWISE_WEB_THREADS = variables.whole("EDGEWISE_WEB_THREADS")
# A batch is bounded by the decisions API itself, while it streams. No form takes a file: none is written to disk.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "governance.access.api.ApiKeyAuthentication",
        "governance.access.api.TokenAuthentication",
        "governance.access.api.PersonSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["governance.access.api.Closed"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["governance.access.parsing.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "governance.access.schema.Described",
    "EXCEPTION_HANDLER": "governance.access.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Edgewise",
    "DESCRIPTION": "Post edge-level decision records, fetch the policy in force, read the evidence.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
}

# The broker only carries; the jobs table and its sweep are what makes sure.
CELERY_BROKER_URL = os.environ.get("BROKER_URL") or "filesystem://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {}
if CELERY_BROKER_URL.startswith("filesystem:"):
    _folder = EDGEWISE_HOME / "broker"
    for _name in ("queue", "control"):
        (_folder / _name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {f"data_folder_{way}": str(_folder / "queue") for way in ("in", "out")}
    CELERY_BROKER_TRANSPORT_OPTIONS["control_folder"] = str(_folder / "control")
CELERY_TASK_IGNORE_RESULT = CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "governance.config.beat:SteadyScheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(EDGEWISE_HOME / "beat-schedule")

# Ports: what a lower floor needs from an upper one, by dotted path; checked at start.
GOVERNANCE_TRAIL = "audits.ledger.services.append_events"
# Started once in every web process: threads that commit decisions, sign checkpoints, and have them confirmed.
GOVERNANCE_WEB_COMPANIONS = [
    f"audits.{name}.start" for name in ("decisions.writer", "ledger.signer", "ledger.feeder")
]
_METRICS = ("ledger.signer", "ledger.confirmation", "losses.metrics")
GOVERNANCE_METRICS = [f"audits.{name}.metrics" for name in _METRICS]
EDGEWISE_RESCORERS = variables.table("EDGEWISE_RESCORERS")
GOVERNANCE_INBOX_SOURCES = ["councils.voting.selectors.waiting_for"]
GOVERNANCE_PANELS = [
    "audits.decisions.panels.panels", "audits.losses.panels.panels", "audits.rescoring.panels.panels",
    "councils.voting.panels.panels", "audits.ledger.panels.panels", "modelcards.cards.panels.panels",
]  # fmt: skip
AUDITS_EVIDENCE_SOURCES = [
    "councils.voting.selectors.tally_evidence",
    "modelcards.evaluations.selectors.evidence",
]
AUDITS_CONSTITUENCY_WEIGHTS = "councils.voting.selectors.constituency_weights"
AUDITS_MINUTES_SOURCE = "councils.voting.minutes.of_proposal"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Both tell every step of a document at INFO.
    "loggers": {name: {"level": "WARNING"} for name in ("weasyprint", "fontTools")},
    "root": {"handlers": ["console"], "level": os.environ.get("EDGEWISE_LOG_LEVEL") or "INFO"},
}
