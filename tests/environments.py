"""Virtual environments apart from ours, made with uv from the package registry."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REQUIRED

ROOT = Path(__file__).resolve().parent.parent


def make_environment(place: Path, *packages: str) -> Path:
    """The Python of a new environment in `place` that holds only `packages`; skips where no registry answers."""
    uv = str(Path(sys.executable).parent / "uv")
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(place)],
        [uv, "pip", "install", "--quiet", "--python", str(place), *packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True, cwd="/")
        if done.returncode:
            if "registry" in REQUIRED:
                pytest.fail(
                    f"TPP_REQUIRE says that a package registry must be here, but: {done.stderr}",
                    pytrace=False,
                )
            pytest.skip(f"needs a package registry: {done.stderr[:200]}")
    return place / "bin" / "python"


def copy_of_the_source(place: Path) -> Path:
    """Our own files as they are committed or about to be; building in it leaves nothing in ours."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, names.split("\0")):
        if name.startswith(("tests/", "static/", "templates/")) or not (ROOT / name).is_file():
            continue
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes((ROOT / name).read_bytes())
    return place
