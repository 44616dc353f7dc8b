"""Settings come from the environment; what is missing or malformed stops the start, in words."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from tpp.setup import ROOT

SEED = "5e" * 32
GOOD = {
    "TPP_SECRET_KEY": "a long random text, which nobody guesses: 0123456789",
    "TPP_RECEIPT_KEY": SEED,
    "TPP_DEPLOYMENT_ID": "0x" + "22" * 32,
    "TPP_SITE_URL": "https://votes.example.org",
    "TPP_ALLOWED_HOSTS": "",
    "TPP_TRUST_PROXY": "0",
    "TPP_REDIRECT_TO_HTTPS": "1",
    "TPP_DEMO": "0",
    "TPP_DEBUG": "0",
    "TPP_STATIC_FROM_SOURCE": "0",
    "TPP_LOG_LEVEL": "INFO",
    "DATABASE_URL": "postgresql://role:pass%40word@db.example:5433/tpp",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read tpp/settings.py with the good environment and these changes; None takes a name away."""

    def read(**changes: str | None) -> dict[str, Any]:
        values = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
        monkeypatch.setattr(os, "environ", values)
        return runpy.run_path(str(ROOT / "tpp/settings.py"))

    return read


def test_a_good_environment_is_read(load: Any) -> None:
    settings = load()
    assert settings["ALLOWED_HOSTS"] == ["votes.example.org"]
    assert settings["CSRF_TRUSTED_ORIGINS"] == ["https://votes.example.org"]
    database = settings["DATABASES"]["default"]
    assert {name: database[name] for name in ("HOST", "PORT", "NAME", "USER", "PASSWORD")} == {
        "HOST": "db.example",
        "PORT": "5433",
        "NAME": "tpp",
        "USER": "role",
        "PASSWORD": "pass@word",
    }


@pytest.mark.parametrize(
    "name",
    ["TPP_SECRET_KEY", "TPP_RECEIPT_KEY", "TPP_DEPLOYMENT_ID", "TPP_SITE_URL", "DATABASE_URL", "REDIS_URL"],
)
@pytest.mark.parametrize("value", ["", "  "])
def test_what_is_missing_stops_the_start_in_words(load: Any, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"^{name} is not set \(.+\)\. Run bin/setup"):
        load(**{name: value})


@pytest.mark.parametrize(
    "value", [SEED[:-1], SEED + "00", SEED[:-1] + "g", "0x", "secret", "0x0x" + SEED, SEED[:30] + " " + SEED]
)
@pytest.mark.parametrize("name", ["TPP_RECEIPT_KEY", "TPP_DEPLOYMENT_ID"])
def test_a_malformed_key_stops_the_start_and_is_not_repeated(load: Any, name: str, value: str) -> None:
    prefix = "0x" if name == "TPP_DEPLOYMENT_ID" and not value.startswith("0x") else ""
    with pytest.raises(ImproperlyConfigured, match=f"^{name} is malformed") as refused:
        load(**{name: prefix + value})
    assert "32 random bytes in hex" in str(refused.value)
    assert len(value) < 10 or value not in str(refused.value)


def test_a_deployment_id_starts_with_0x_and_a_receipt_key_may(load: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="TPP_DEPLOYMENT_ID is malformed"):
        load(TPP_DEPLOYMENT_ID="22" * 32)
    assert load(TPP_RECEIPT_KEY="0x" + SEED.upper())["TPP_RECEIPT_KEY"] == "0x" + SEED.upper()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TPP_RPC_URLS", "node.example.org"),
        ("TPP_RPC_URLS", "https://node.example.org,ws://node.example.org"),
        ("TPP_RPC_URLS", "https://me:secret@node.example.org"),
        ("TPP_FINALITY", "soon"),
        ("TPP_FINALITY", "-1"),
        ("TPP_WAITING_SECONDS", "an hour"),
    ],
)
def test_a_malformed_chain_setting_stops_the_start(load: Any, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^{name} must") as refused:
        load(**{name: value})
    assert "secret" not in str(refused.value)


def test_nodes_are_read_in_their_order(load: Any) -> None:
    settings = load(TPP_RPC_URLS="https://a.example/v2/key, http://127.0.0.1:8545")
    assert settings["TPP_RPC_URLS"] == ["https://a.example/v2/key", "http://127.0.0.1:8545"]
    assert load()["TPP_RPC_URLS"] == []


@pytest.mark.parametrize(
    "address",
    [
        "votes.example.org",
        "ftp://votes.example.org",
        "https://",
        "https://votes.example.org/path",
        "https://votes.example.org?a=1",
        "https://user@votes.example.org",
        "https://VOTES.example.org",
        "https://münchen.example",
        "https://votes.example.org:port",
        "https://votes.example.org:99999",
        "https://[::1",
    ],
)
def test_a_public_address_is_scheme_and_host_and_nothing_else(load: Any, address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="TPP_SITE_URL must be an http or https address"):
        load(TPP_SITE_URL=address)


@pytest.mark.parametrize(
    "address",
    ["https://votes.example.org/", "http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost"],
)
def test_a_public_address_is_kept_without_its_last_slash(load: Any, address: str) -> None:
    assert load(TPP_SITE_URL=address)["TPP_SITE_URL"] == address.rstrip("/")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mysql://role@db/tpp", "the constraints need PostgreSQL"),
        ("sqlite:///tpp.db", "the constraints need PostgreSQL"),
        ("postgresql://role@db:port/tpp", "DATABASE_URL is malformed"),
        ("postgresql://role@[::1/tpp", "DATABASE_URL is malformed"),
    ],
)
def test_another_database_stops_the_start(load: Any, address: str, words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=words):
        load(DATABASE_URL=address)


def test_parameters_of_the_database_address_are_heeded(load: Any) -> None:
    settings = load(DATABASE_URL="postgresql://role@db/tpp?sslmode=verify-full&connect_timeout=9")
    assert settings["DATABASES"]["default"]["OPTIONS"] == {"sslmode": "verify-full", "connect_timeout": "9"}


@pytest.mark.parametrize("name", ["TPP_DEBUG", "TPP_DEMO", "TPP_TRUST_PROXY", "TPP_STATIC_FROM_SOURCE"])
def test_a_switch_is_off_unless_it_is_on(load: Any, name: str) -> None:
    before = load(**{name: None})
    assert (before["DEBUG"], before["TPP_DEMO"], before["WHITENOISE_USE_FINDERS"]) == (False, False, False)
    assert "SECURE_PROXY_SSL_HEADER" not in before
    with pytest.raises(ImproperlyConfigured, match=f"{name} must be 1 or 0, not 'maybe'"):
        load(**{name: "maybe"})


def test_cookies_and_transport_are_safe_under_https(load: Any) -> None:
    settings = load()
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"):
        assert settings[name] is True
    assert settings["SECURE_HSTS_SECONDS"] > 0
    plain = load(TPP_SITE_URL="http://127.0.0.1:8000")
    assert not any(plain[name] for name in ("SESSION_COOKIE_SECURE", "SECURE_SSL_REDIRECT"))


@pytest.mark.parametrize(
    "changes",
    [
        {"TPP_SITE_URL": "https://votes.example.org"},
        {"TPP_SITE_URL": "http://192.168.0.7:8000"},
        {"TPP_SITE_URL": "http://0.0.0.0:8000"},
        {"TPP_SITE_URL": "http://127.0.0.1:8000", "TPP_ALLOWED_HOSTS": "127.0.0.1,votes.example.org"},
        {"TPP_SITE_URL": "http://127.0.0.1:8000", "TPP_ALLOWED_HOSTS": "*"},
        {"TPP_SITE_URL": "http://localhost.example.org", "TPP_ALLOWED_HOSTS": "localhost"},
    ],
)
def test_the_demo_is_for_this_machine_alone(load: Any, changes: dict[str, str]) -> None:
    with pytest.raises(ImproperlyConfigured, match="whose keys everybody knows"):
        load(TPP_DEMO="1", **changes)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_the_demo_starts_on_a_loopback_address(load: Any, host: str) -> None:
    assert load(TPP_DEMO="1", TPP_SITE_URL=f"http://{host}:8000")["TPP_DEMO"] is True
    assert load(TPP_DEMO="1", TPP_SITE_URL=f"http://{host}:8000", TPP_ALLOWED_HOSTS=f"{host},127.0.0.2")


def test_a_file_fills_in_what_the_environment_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tpp.environment import load as load_file

    monkeypatch.setattr(os, "environ", {"A": "given"})
    (tmp_path / ".env").write_text("# A comment\nA=from the file\nB = b=c \n\n#C=1\nno separator\n")
    load_file(tmp_path / ".env")
    assert dict(os.environ) == {"A": "given", "B": "b=c"}
    load_file(tmp_path / "missing")


def run(*command: str, **changes: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**inherited, **GOOD, **changes},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_djangos_own_deployment_check_finds_nothing() -> None:
    result = run("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


@pytest.mark.parametrize(
    "command",
    [["manage.py", "check"], ["-c", "import tpp.wsgi"], ["-m", "celery", "-A", "tpp", "report"]],
    ids=["command", "web", "celery"],
)
def test_whatever_starts_says_what_is_missing(command: list[str]) -> None:
    result = run(*command, TPP_RECEIPT_KEY="")
    assert result.returncode != 0
    assert "TPP_RECEIPT_KEY is not set (32 random bytes in hex" in result.stderr


def test_a_further_wallet_comes_from_this_site_and_its_hosts_are_named(load: Any) -> None:
    assert load()["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["connect-src"] == ["'self'"]
    hosts = "wss://relay.example,https://relay.example:8443"
    settings = load(TPP_WALLET_SCRIPT="/wallets/relay.js", TPP_WALLET_HOSTS=hosts)
    assert settings["TPP_WALLET_SCRIPT"] == "/wallets/relay.js"
    directives = settings["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]
    assert directives["connect-src"] == ["'self'", *hosts.split(",")]
    assert "script-src" not in directives  # as default-src says: this site alone


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TPP_WALLET_SCRIPT", "https://cdn.example/relay.js"),
        ("TPP_WALLET_SCRIPT", "//cdn.example/relay.js"),
        ("TPP_WALLET_SCRIPT", "relay.js"),
        ("TPP_WALLET_HOSTS", "*"),
        ("TPP_WALLET_HOSTS", "http://relay.example"),
        ("TPP_WALLET_HOSTS", "wss://relay.example/path; script-src *"),
    ],
)
def test_a_further_wallet_opens_nothing_else(load: Any, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^{name} must"):
        load(**{name: value})


def test_a_mail_server_is_read(load: Any) -> None:
    assert load()["TPP_SENDS_MAIL"] is False
    assert "dummy" in load()["EMAIL_BACKEND"]
    settings = load(
        TPP_EMAIL_URL="smtp://me%40x:pass%2Fword@mail.example", TPP_EMAIL_FROM="V <v@example.org>"
    )
    names = (
        "EMAIL_HOST",
        "EMAIL_PORT",
        "EMAIL_HOST_USER",
        "EMAIL_HOST_PASSWORD",
        "EMAIL_USE_TLS",
        "EMAIL_USE_SSL",
    )
    assert [settings[name] for name in names] == ["mail.example", 587, "me@x", "pass/word", True, False]
    assert (settings["TPP_SENDS_MAIL"], settings["DEFAULT_FROM_EMAIL"]) == (True, "V <v@example.org>")
    settings = load(TPP_EMAIL_URL="smtps://mail.example", TPP_EMAIL_FROM="v@example.org")
    assert [settings[name] for name in names[-2:]] == [False, True]
    settings = load(TPP_EMAIL_URL="smtp+plain://relay:2525", TPP_EMAIL_FROM="v@example.org")
    assert (settings["EMAIL_PORT"], settings["EMAIL_USE_TLS"]) == (2525, False)


@pytest.mark.parametrize(
    "url",
    ["mail.example", "http://mail.example", "smtp://", "smtp://x:y:z", "smtp://me:secret@mail.example/x",
     "smtp+plain://me:secret@mail.example"],
)  # fmt: skip
def test_a_malformed_mail_server_stops_the_start_and_is_not_repeated(load: Any, url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^TPP_EMAIL_URL") as refused:
        load(TPP_EMAIL_URL=url, TPP_EMAIL_FROM="v@example.org")
    assert "secret" not in str(refused.value)


def test_mail_comes_from_an_address(load: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^TPP_EMAIL_FROM is not set"):
        load(TPP_EMAIL_URL="smtps://mail.example")
    with pytest.raises(ImproperlyConfigured, match=r"^TPP_EMAIL_FROM must be an e-mail address"):
        load(TPP_EMAIL_URL="smtps://mail.example", TPP_EMAIL_FROM="the votes")
