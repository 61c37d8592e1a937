"""The import contracts reach every module they are about: a new file is not outside of them by its name."""

import tomllib

import pytest

from tests import databases

SETTINGS = tomllib.loads((databases.ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = {contract["name"].partition(":")[0]: contract for contract in SETTINGS["contracts"]}
NOUN, PURE = CONTRACTS["Inside a noun"], CONTRACTS["Pure"]
FLOORS = ("governance", "audits", "councils", "modelcards")
# Not nouns: one joins them all, the other explains.
OTHERS = {"governance.config", "governance.guide"}


def modules(pattern):
    """The dotted names of the files that match, in every floor."""
    for floor in FLOORS:
        for path in (databases.ROOT / floor).glob(pattern):
            yield ".".join(path.relative_to(databases.ROOT).with_suffix("").parts)


@pytest.mark.parametrize(
    "pattern", ["*/*views.py", "*/*api.py", "*/tasks.py", "*/pages.py", "*/urls.py", "*/services.py"]
)
def test_a_module_that_translates_or_acts_has_a_layer(pattern):
    layers = {name.strip(" ()") for layer in NOUN["layers"] for name in layer.split("|")}
    containers = {*NOUN["containers"], *OTHERS}
    for module in modules(pattern):
        noun, _, name = module.rpartition(".")
        assert name in layers, module
        assert noun in containers, module


def test_modules_named_as_pure_exist():
    for name in PURE["source_modules"]:
        path = databases.ROOT / name.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").exists(), name
