"""Reading typed settings from the environment; pure but for `os.environ` and an optional `.env` file."""

import ipaddress
import os
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def load(path: Path) -> None:
    """Set the names that `path` gives as NAME=value lines and the environment does not have yet."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator and not name.lstrip().startswith("#"):
            os.environ.setdefault(name.strip(), value.strip())


def required(name: str, meaning: str, *, form: str = ".+") -> str:
    """The value of `name`, which has the `form` (a regular expression), or an error that says what to set and how.

    The error does not repeat the value, which may be a secret.
    """
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set ({meaning}). Run bin/setup, which writes a .env file.")
    if not re.fullmatch(form, value):
        raise ImproperlyConfigured(f"{name} is malformed. It must be {meaning}.")
    return value


def optional(name: str, default: str) -> str:
    return os.environ.get(name, "").strip() or default


def boolean(name: str, *, default: bool) -> bool:
    """The truth of `name`: 1, true, yes, on or 0, false, no, off."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in _TRUE:
        return True
    if value.strip().lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}")


def seconds(name: str, *, default: str) -> float:
    """The length of time in `name`: a number of seconds, not negative."""
    value = optional(name, default)
    if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", value):
        raise ImproperlyConfigured(f"{name} must be a number of seconds such as 1 or 0.5, not {value!r}")
    return float(value)


def whole(name: str, *, default: str) -> int:
    """The whole number in `name`, not negative."""
    value = optional(name, default)
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise ImproperlyConfigured(f"{name} must be a whole number such as {default}, not {value!r}")
    return int(value)


def words(name: str, *, default: list[str]) -> list[str]:
    """The comma-separated words of `name`."""
    value = os.environ.get(name, "")
    return [word.strip() for word in value.split(",") if word.strip()] or default


def own_path(name: str) -> str:
    """The path of a file on this site, such as /static/wallet.js; empty where it is not set."""
    value = optional(name, "")
    if value and not re.fullmatch(r"/[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*", value):
        raise ImproperlyConfigured(
            f"{name} must be a path on this site such as /static/wallet.js, not {value!r}"
        )
    return value


def origins(name: str) -> list[str]:
    """The comma-separated origins of `name`, by https or wss; none where it is not set."""
    found = words(name, default=[])
    for word in found:
        if not re.fullmatch(r"(https|wss)://[a-z0-9.-]+(:[0-9]{1,5})?", word):
            raise ImproperlyConfigured(f"{name} must list origins such as wss://relay.example, not {word!r}")
    return found


def addresses(name: str) -> list[str]:
    """The comma-separated wallet addresses of `name`, in small letters; none where it is not set."""
    found = words(name, default=[])
    for word in found:
        if not re.fullmatch("0x[0-9a-fA-F]{40}", word):
            raise ImproperlyConfigured(
                f"{name} must list addresses (0x and 40 hex digits) with commas between them, not {word!r}"
            )
    return [word.lower() for word in found]


def nodes(name: str) -> list[str]:
    """The comma-separated addresses of EVM nodes in `name`; none where it is not set. Errors do not repeat them."""
    found = words(name, default=[])
    for word in found:
        parts = urlsplit(word)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            raise ImproperlyConfigured(
                f"{name} must list the http or https addresses of EVM nodes with commas between them"
            )
    return found


_MAIL_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


def mail_server(name: str) -> dict[str, Any]:
    """Django's settings for the mail server in `name`; none where it is not set. Errors do not repeat it.

    smtp:// must turn to TLS before anything is said (STARTTLS), smtps:// begins with it, smtp+plain:// has none.
    """
    value = optional(name, "")
    if not value:
        return {}
    meaning = f"{name} must be smtp://user:password@host:587, or begin with smtps:// or smtp+plain://"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(meaning) from error
    if parts.scheme not in _MAIL_PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ImproperlyConfigured(meaning)
    if parts.scheme == "smtp+plain" and parts.password and not is_loopback(parts.hostname):
        raise ImproperlyConfigured(f"{name} would send its password in the clear: use smtp:// or smtps://")
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or _MAIL_PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }


def sender(name: str, *, default: str) -> str:
    """The address that mail comes from, such as TPP <votes@example.org>."""
    value = optional(name, default)
    try:
        validate_email(parseaddr(value)[1])
    except ValidationError as error:
        raise ImproperlyConfigured(
            f"{name} must be an e-mail address such as Votes <votes@example.org>, not {value!r}"
        ) from error
    return value


def finality(name: str, *, default: str) -> str:
    """When a block counts as final: a tag that nodes know, or how many blocks behind the newest it is."""
    value = optional(name, default)
    if value not in {"finalized", "safe", "latest"} and not re.fullmatch("[0-9]{1,6}", value):
        raise ImproperlyConfigured(
            f"{name} must be finalized, safe, latest, or a number of blocks, not {value!r}"
        )
    return value


def site(name: str) -> SplitResult:
    """The parts of the public address in `name`: http or https, a host, at most a port, and nothing else."""
    value = required(name, "the public address, such as https://votes.example.org").rstrip("/")
    try:
        parts = urlsplit(value)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        plain = f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        plain = ""
    if plain != value or parts.scheme not in {"http", "https"} or not parts.hostname or not value.isascii():
        raise ImproperlyConfigured(
            f"{name} must be an http or https address in small letters, without a path, such as"
            " https://votes.example.org (a name with other letters in its xn-- form)"
        )
    return parts


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, for nobody else to reach.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "192.168.0.1", "*", "0.0.0.0")]
    [True, True, True, False, False, False]
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def database(name: str, *, conn_max_age: int | None) -> dict[str, Any]:
    """Django's settings for the PostgreSQL address in `name`; its ?parameters, such as sslmode, go along."""
    meaning = "postgresql://role:password@host:port/database"
    value = required(name, meaning)
    try:
        parts = urlsplit(value)
        port = str(parts.port or "")
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is malformed. It must be {meaning}.") from error
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must be a postgresql:// address: the constraints need PostgreSQL")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": port,
        "CONN_MAX_AGE": conn_max_age,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, **dict(parse_qsl(parts.query))},
    }
