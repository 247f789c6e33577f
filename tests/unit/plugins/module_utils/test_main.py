# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""main() of every module: the specification as AnsibleModule takes it, and one clear failure."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, NoReturn

import pytest
from ansible_collections.mailops.exchange2007.plugins import modules
from ansible_collections.mailops.exchange2007.plugins.module_utils import _main


class Failed(Exception):
    """What fail_json said."""


class FakeModule:
    """Plays AnsibleModule: keeps what it was made of."""

    made: list[dict[str, Any]] = []  # noqa: RUF012 - emptied by the fixture

    def __init__(self, **given: Any) -> None:
        self.made.append(given)

    def fail_json(self, msg: str) -> NoReturn:
        raise Failed(msg)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    monkeypatch.setattr(_main, "AnsibleModule", FakeModule)
    monkeypatch.setattr(FakeModule, "made", [])
    return FakeModule.made


def test_the_specification_and_its_rules_are_passed_on(made: list[dict[str, Any]]) -> None:
    with pytest.raises(Failed, match="runs on the controller, through the action plugin"):
        _main.module_main({"name": {"type": "str"}}, {"required_together": [["a", "b"]]})
    assert made == [
        {"argument_spec": {"name": {"type": "str"}}, "supports_check_mode": True, "required_together": [["a", "b"]]}
    ]


@pytest.mark.parametrize("name", sorted(m.name for m in pkgutil.iter_modules(modules.__path__)))
def test_every_module_says_that_its_action_plugin_was_not_used(name: str, made: list[dict[str, Any]]) -> None:
    module = importlib.import_module(f"{modules.__name__}.{name}")
    with pytest.raises(Failed, match=r"mailops\.exchange2007\.x"):
        module.main()
    assert made[0]["argument_spec"] is module.ARGUMENT_SPEC
    assert made[0]["supports_check_mode"] is True
