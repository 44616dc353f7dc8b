"""What the repository's files must not name, and what they must."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tpp import setup

ROOT = Path(__file__).resolve().parent.parent

# In pieces, so that this file is not its own finding.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"),
    )
]
MACHINE_PATHS = ["/" + name + "/" for name in ("root", "work")]


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """The text of every file that is tracked, or would be with `git add --all`."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("needs git and a clone")
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: (ROOT / name).read_text(errors="replace") for name in names if (ROOT / name).is_file()}


@pytest.mark.parametrize("needle", HOSTS)
def test_no_file_names_a_package_registry(files: dict[str, str], needle: str) -> None:
    assert [name for name, text in files.items() if needle in text] == []


@pytest.mark.parametrize("needle", MACHINE_PATHS)
def test_no_file_names_a_path_of_the_machine_it_was_written_on(files: dict[str, str], needle: str) -> None:
    absolute = re.compile(rf"(?<![\w.)}}]){re.escape(needle)}")
    assert [name for name, text in files.items() if absolute.search(text)] == []


@pytest.mark.parametrize("name", ["server.lock", "dev.lock"])
def test_every_locked_package_has_hashes(name: str) -> None:
    lock = (ROOT / "requirements" / name).read_text()
    requirements = lock.replace("\\\n", " ").splitlines()
    assert requirements
    assert [line.split()[0] for line in requirements if "--hash=sha256:" not in line] == []


def test_every_locked_npm_package_has_a_hash_and_no_address() -> None:
    lock = json.loads((ROOT / "tests/contracts/package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert [
        name for name, package in packages.items() if not package["integrity"].startswith("sha512-")
    ] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_every_setting_is_explained() -> None:
    settings = (ROOT / "tpp/settings.py").read_text()
    read = set(
        re.findall(
            r'\b(?:required|optional|boolean|words|database|nodes|finality|seconds|whole|mail_server|sender)\(\s*"(\w+)"',
            settings,
        )
    )
    explained = set(re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))
    assert "TPP_SECRET_KEY" in read
    assert read - explained == set()


def test_setup_fills_in_every_line_that_the_example_leaves_empty() -> None:
    first, second = setup.fresh_environment(), setup.fresh_environment()
    assert re.findall(r"^\w+=$", first, flags=re.MULTILINE) == []
    assert first != second


def compose_config(directory: Path, environment: str) -> subprocess.CompletedProcess[str]:
    """What docker-compose says of our file beside a `.env` of that text, and nothing else set."""
    shutil.copy(ROOT / "docker-compose.yml", directory)
    (directory / ".env").write_text(environment)
    command = ["docker-compose", "config", "--quiet"]
    path = {"PATH": os.environ["PATH"]}
    return subprocess.run(command, cwd=directory, env=path, capture_output=True, text=True, check=False)


@pytest.mark.compose
def test_compose_accepts_its_file_beside_what_setup_writes(tmp_path: Path) -> None:
    result = compose_config(tmp_path, setup.fresh_environment())
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.compose
def test_compose_says_what_is_not_set(tmp_path: Path) -> None:
    result = compose_config(tmp_path, "")
    assert result.returncode != 0
    assert "run bin/setup" in result.stderr
