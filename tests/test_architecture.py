"""What import-linter does not see: foreign keys, reverse accessors, names and sizes of modules, missing migrations."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
LAYERS: list[str] = CONTRACTS["contracts"][0]["layers"]
# The number of each app's layer, counted from the top; apps of one layer are ignorant of each other.
LAYER_OF = {name.strip(): number for number, layer in enumerate(LAYERS) for name in layer.split("|")}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "managers", "signals", "selectors"}
MOST_LINES, MOST_LINES_OF_TESTS = 400, 500


def app_of(model: Any) -> str:
    """The top-level package of a model, such as votes."""
    return str(model.__module__).partition(".")[0]


def relations_across_apps() -> Iterator[tuple[str, str, Any]]:
    """Every relation that a model of ours declares to a model of another app of ours."""
    for model in apps.get_models(include_auto_created=True):
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many):
            target = field.related_model
            if target is None or isinstance(target, str):
                continue
            source_app, target_app = app_of(model), app_of(target)
            if source_app != target_app and {source_app, target_app} <= LAYER_OF.keys():
                yield source_app, target_app, field


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)


def test_every_app_has_a_layer() -> None:
    ours = {Path(config.path).name for config in apps.get_app_configs() if Path(config.path).parent == ROOT}
    assert ours == LAYER_OF.keys() == set(CONTRACTS["root_packages"])


def test_foreign_keys_point_to_lower_layers() -> None:
    upward = [
        f"{field} → {target}"
        for source, target, field in relations_across_apps()
        if LAYER_OF[target] <= LAYER_OF[source]
    ]
    assert upward == []


def test_no_reverse_accessor_looks_upward() -> None:
    visible = [
        f"{field}: related_name={field.remote_field.related_name!r}"
        for _, _, field in relations_across_apps()
        if not field.remote_field.hidden
    ]
    assert visible == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    found = [
        path for path in python_files(*LAYER_OF, "tests") if FORBIDDEN_NAMES & {path.stem, path.parent.name}
    ]
    assert found == []


@pytest.mark.parametrize(
    ("folders", "most"), [(tuple(LAYER_OF), MOST_LINES), (("tests",), MOST_LINES_OF_TESTS)]
)
def test_modules_are_short(folders: tuple[str, ...], most: int) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(*folders)}
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > most} == {}


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=1)
