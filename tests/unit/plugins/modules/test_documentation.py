# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module's documentation, examples and return keys agree with its ARGUMENT_SPEC."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

COLLECTION = "mailops.exchange2007"
ROOT = Path(__file__).resolve().parents[4]
NAMES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
MODULES = {name: import_module(f"ansible_collections.{COLLECTION}.plugins.modules.{name}") for name in NAMES}
EACH = pytest.mark.parametrize("module", MODULES.values(), ids=MODULES.keys())
TYPES = {"str", "int", "float", "bool", "list", "dict", "path", "raw"}


def documentation(module: ModuleType) -> dict[str, Any]:
    """What the module says, with the options of the fragments that it extends."""
    loaded: dict[str, Any] = yaml.safe_load(module.DOCUMENTATION)
    for name in loaded.get("extends_documentation_fragment", []):
        fragment = import_module(f"ansible_collections.{COLLECTION}.plugins.doc_fragments.{name.rpartition('.')[2]}")
        options = yaml.safe_load(fragment.ModuleDocFragment.DOCUMENTATION).get("options") or {}
        loaded["options"] = {**options, **(loaded.get("options") or {})}
    return loaded


def examples(module: ModuleType) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load(module.EXAMPLES)
    return loaded


def as_documented(spec: dict[str, Any]) -> dict[str, Any]:
    """What the documentation must say of one option."""
    said = {
        key: spec[key] for key in ("type", "elements", "choices", "default", "aliases") if spec.get(key) is not None
    }
    if spec.get("required"):
        said["required"] = True
    if spec.get("options"):
        said["suboptions"] = {name: as_documented(sub) for name, sub in spec["options"].items()}
    return said


def as_said(option: dict[str, Any]) -> dict[str, Any]:
    said = {k: v for k, v in option.items() if k not in ("description", "version_added", "suboptions")}
    if option.get("suboptions"):
        said["suboptions"] = {name: as_said(sub) for name, sub in option["suboptions"].items()}
    return said


def names_in(options: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    inner = [pair for option in options.values() for pair in names_in(option.get("suboptions") or {})]
    return [*options.items(), *inner]


def plain(value: Any) -> Any:
    """Numbers compared as numbers: a default of 5 is one of 5.0."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


@EACH
def test_options_agree_with_the_specification(module: ModuleType) -> None:
    said = {name: as_said(option) for name, option in (documentation(module).get("options") or {}).items()}
    wanted = {name: as_documented(spec) for name, spec in module.ARGUMENT_SPEC.items()}
    assert plain(said) == plain(wanted)


@EACH
def test_every_option_is_described(module: ModuleType) -> None:
    for name, option in names_in(documentation(module).get("options") or {}):
        assert option.get("description"), name
        assert option.get("type") in TYPES, name


@EACH
def test_what_holds_a_secret_is_not_logged(module: ModuleType) -> None:
    secret = {name for name in module.ARGUMENT_SPEC if "password" in name}
    assert {name for name, spec in module.ARGUMENT_SPEC.items() if spec.get("no_log")} == secret


@EACH
def test_the_documentation_is_whole(module: ModuleType) -> None:
    said = documentation(module)
    assert said["module"] == module.__name__.rpartition(".")[2]
    assert not said["short_description"].endswith(".")
    assert {"description", "version_added", "author", "attributes"} <= said.keys()
    assert {"check_mode", "diff_mode"} <= said["attributes"].keys()


@EACH
def test_modules_named_elsewhere_in_the_documentation_exist(module: ModuleType) -> None:
    text = " ".join(re.findall(r"\b[MOR]V?\(.*?\)", module.DOCUMENTATION + module.RETURN))
    named = re.findall(rf"{COLLECTION}\.(\w+)(?:\)|#module)", text)
    also = [ref.get("module", "") for ref in documentation(module).get("seealso", [])]
    own = [name.rpartition(".")[2] for name in also if name.startswith(COLLECTION)]
    assert {*named, *own} <= set(NAMES)


@EACH
def test_own_options_named_in_the_documentation_exist(module: ModuleType) -> None:
    for text in (module.DOCUMENTATION, module.RETURN):
        named = {match.partition("=")[0].partition(".")[0] for match in re.findall(r"\bO\(([^):#]+)\)", text)}
        assert named <= set(module.ARGUMENT_SPEC)


@EACH
def test_examples_use_full_names_and_options_that_exist(module: ModuleType) -> None:
    own = module.__name__.rpartition(".")[2]
    used = []
    for example in examples(module):
        assert re.match(r"[A-Z].*[^.]$", example["name"])
        (action,) = [key for key in example if "." in key]
        assert action.startswith((f"{COLLECTION}.", "ansible.builtin."))
        if not action.startswith(COLLECTION):
            continue
        called = MODULES[action.rpartition(".")[2]]
        options = example[action] or {}
        assert set(options) <= set(called.ARGUMENT_SPEC)
        assert {name for name, spec in called.ARGUMENT_SPEC.items() if spec.get("required")} <= set(options)
        for name, value in options.items():
            choices = called.ARGUMENT_SPEC[name].get("choices")
            assert not choices or value in choices or "{{" in str(value)
        used.append(called.__name__.rpartition(".")[2])
    assert own in used


def parts(keys: dict[str, Any], place: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every key of RETURN with its place, such as cluster.nodes.name."""
    found = []
    for name, key in keys.items():
        found += [(place + name, key), *parts(key.get("contains") or {}, f"{place}{name}.")]
    return found


def returned_by(module: ModuleType) -> dict[str, dict[str, Any]]:
    return dict(parts(yaml.safe_load(module.RETURN)))


PYTHON: dict[str, Any] = {"str": str, "int": int, "float": (int, float), "bool": bool, "list": list, "dict": dict}
# Dictionaries whose keys are names that only the run knows, and what another key or plugin describes already.
FREE = {
    "exchange.roles",
    "jobs",
    "timings",
    "cluster",
    "report.plan",
    "report.mailboxes.failures",
    "report.public_folders",
    "report.groups",
    "report.nodes.setup",
    "report.clustered_mailbox_servers",
    "report.handovers",
}


@EACH
def test_every_part_of_a_result_is_described_with_a_sample_of_its_type(module: ModuleType) -> None:
    for place, key in returned_by(module).items():
        assert {"description", "type"} <= key.keys(), place
        assert "returned" in key or "." in place, place
        assert "sample" in key or "contains" in key, place
        assert key.get("sample") is None or isinstance(key["sample"], PYTHON[key["type"]]), place
        assert ("elements" in key) == (key["type"] == "list"), place


@EACH
def test_every_dictionary_of_a_result_says_what_it_contains(module: ModuleType) -> None:
    for place, key in returned_by(module).items():
        if "dict" not in (key["type"], key.get("elements")) or place in FREE:
            continue
        assert key.get("contains"), place
        samples = key.get("sample") or []
        for sample in samples if isinstance(samples, list) else [samples]:
            always = [name for name, inner in key["contains"].items() if "returned" not in inner]
            assert [name for name in sample if name in always] == always, place
            assert set(sample) <= set(key["contains"]), place


@EACH
def test_values_and_results_named_in_the_documentation_exist(module: ModuleType) -> None:
    """O(option=value) is one of its choices, and RV(key) is a key of RETURN."""
    own = module.__name__.rpartition(".")[2]
    said = documentation(module)
    text = module.DOCUMENTATION + module.RETURN
    for option, value in re.findall(r"\bO\((\w+)=([^)]*)\)", text):
        wanted = said["options"][option]
        assert value in [str(choice).lower() for choice in wanted.get("choices", ("true", "false"))], (option, value)
    for plugin, place in re.findall(rf"\bRV\((?:{COLLECTION}\.(\w+)#module:)?([\w.]+)[=)]", text):
        assert place in returned_by(MODULES[plugin or own]), place


@EACH
def test_the_fragment_is_used_and_neighbours_are_named(module: ModuleType) -> None:
    """Where it runs, what it needs and what else there is stands in every module's documentation."""
    said = documentation(module)
    assert f"{COLLECTION}.attributes" in said.get("extends_documentation_fragment", []) or {
        "platform",
        "controller",
    } <= set(said["attributes"])
    assert said["seealso"]
    assert said["author"] == ["mailops contributors (@mailops)"]


@EACH
def test_no_option_is_named_without_markup(module: ModuleType) -> None:
    """A word with an underscore that is an option, a value or a key of the result stands in O(), V(), RV() or C()."""
    options = documentation(module).get("options") or {}
    known = {name for name, _place in names_in(options)} | {place.rpartition(".")[2] for place in returned_by(module)}
    for text in described(documentation(module)) + described({"options": yaml.safe_load(module.RETURN)}):
        plain_text = re.sub(r"\b(?:O|V|RV|C|M|P|E)\([^)]*\)", "", text)
        assert not set(re.findall(r"\b[a-z]+_[a-z_]+\b", plain_text)) & known, text


def described(said: dict[str, Any]) -> list[str]:
    """Every description in a documentation, those of options and of what they contain included."""
    text = said.get("description", [])
    found = [text] if isinstance(text, str) else list(text)
    for part in ("options", "suboptions", "contains"):
        for inner in (said.get(part) or {}).values():
            found += described(inner)
    return found


@EACH
def test_what_changes_something_returns_before_after_and_commands(module: ModuleType) -> None:
    own = module.__name__.rpartition(".")[2]
    if own.endswith(("_info", "_report", "_wait")):
        return
    assert {"before", "after", "commands"} <= yaml.safe_load(module.RETURN).keys()


@EACH
def test_an_action_plugin_runs_it_on_the_controller(module: ModuleType) -> None:
    own = module.__name__.rpartition(".")[2]
    assert (ROOT / "plugins" / "action" / f"{own}.py").is_file()


@EACH
def test_main_says_that_the_action_plugin_was_not_used(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    built: dict[str, Any] = {}

    def main(spec: dict[str, Any], rules: dict[str, Any] | None = None) -> None:
        built.update(spec=spec, rules=rules)

    monkeypatch.setattr(module, "module_main", main)
    module.main()
    assert built["spec"] is module.ARGUMENT_SPEC
    assert (built["rules"] or {}) == getattr(module, "ARGUMENT_RULES", {})
