"""What `bin/setup` does: an ignored `.env` after `.env.example`, with new secrets."""

import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

WRITTEN = """\
Wrote .env with new secrets, readable by you alone. Still to fill in there:
  TPP_SITE_URL                  the public address, before anybody else can reach the site
  DATABASE_..._URL, REDIS_URL   where your servers are; docker-compose.yml brings its own
Then start everything with `docker-compose up --build`; or, on servers of your own, run
`.venv/bin/python manage.py prepare_database` and start web, worker and beat as docker-compose.yml does.
"""


def new_identity() -> dict[str, str]:
    """The secrets and the identity of a new copy."""
    return {
        "TPP_SECRET_KEY": secrets.token_hex(32),
        "TPP_RECEIPT_KEY": secrets.token_hex(32),
        "TPP_DEPLOYMENT_ID": "0x" + secrets.token_hex(32),
    }


def new_passwords() -> dict[str, str]:
    """Passwords of PostgreSQL's superuser, owner's role and application's role, and of Valkey."""
    names = ("POSTGRES_PASSWORD", "TPP_OWNER_PASSWORD", "TPP_APP_PASSWORD", "VALKEY_PASSWORD")
    return {name: secrets.token_hex(16) for name in names}


def addresses(passwords: Mapping[str, str], server: str, database: str = "tpp") -> dict[str, str]:
    """The three addresses of a database on `server` (host:port)."""
    return {
        "DATABASE_ADMIN_URL": f"postgresql://postgres:{passwords['POSTGRES_PASSWORD']}@{server}/postgres",
        "DATABASE_OWNER_URL": f"postgresql://tpp_owner:{passwords['TPP_OWNER_PASSWORD']}@{server}/{database}",
        "DATABASE_URL": f"postgresql://tpp_app:{passwords['TPP_APP_PASSWORD']}@{server}/{database}",
    }


def loopback_settings(site: str) -> dict[str, str]:
    """Settings of a copy that this machine alone can reach, whatever a `.env` says."""
    return {
        "TPP_SITE_URL": site,
        "TPP_ALLOWED_HOSTS": "127.0.0.1,localhost",
        "TPP_TRUST_PROXY": "0",
        "TPP_DEBUG": "0",
        "TPP_DEMO": "0",
        "TPP_STATIC_FROM_SOURCE": "1",
        "TPP_LOG_LEVEL": "INFO",
        "TPP_RPC_URLS": "",
        "TPP_EMAIL_URL": "",
    }


def filled(template: str, values: Mapping[str, str]) -> str:
    """`template` with the values of the names that it leaves empty.

    >>> filled("A=\\nB=2", {"A": "1", "B": "3"})
    'A=1\\nB=2'
    """
    return re.sub(
        r"^(\w+)=$", lambda line: f"{line[1]}={values.get(line[1], '')}", template, flags=re.MULTILINE
    )


def fresh_environment() -> str:
    """The text of a new `.env`."""
    passwords = new_passwords()
    values = new_identity() | passwords | addresses(passwords, "127.0.0.1:5432")
    return filled((ROOT / ".env.example").read_text(encoding="utf-8"), values)


def write_private(path: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text, encoding="utf-8")
    unfinished.rename(path)


def main() -> None:
    path = ROOT / ".env"
    if path.exists():
        sys.stdout.write("Kept .env as it is; .env.example explains every line.\n")
        return
    write_private(path, fresh_environment())
    sys.stdout.write(WRITTEN)


if __name__ == "__main__":
    main()
