# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the report of a migration on the controller; needs no connection to the node."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.mailops.exchange2007.plugins.module_utils._migration import FACTS, report
from ansible_collections.mailops.exchange2007.plugins.modules import migration_report as module
from ansible_collections.mailops.exchange2007.plugins.plugin_utils import _controller_module as bridge
from ansible_collections.mailops.exchange2007.plugins.plugin_utils._reports import surveyed, write_report

_TEMPLATE = "_migration_report.html.j2"


class ActionModule(ActionBase):  # type: ignore[misc]
    """Collects the hosts' facts and writes them down."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible's entry point."""
        super().run(tmp, task_vars)
        valid = bridge.validate(module, bridge.plain(self._task.args))
        if valid.problem:
            return {"failed": True, "msg": f"mailops.exchange2007.migration_report: {valid.problem}"}
        params = valid.params
        hosts = surveyed(task_vars or {}, params["hosts"], FACTS)
        if not hosts:
            return {"failed": True, "msg": "no host of the report has been surveyed in this run; include survey first"}
        written_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        content = report(hosts, params["source"], params["target"], written_at)
        started = min(str(host.get("migration_started", "")) for host in hosts)
        name = f"{params['source']}-{params['target']}-{started}"
        try:
            path = write_report(Path(params["directory"]), name, content, _TEMPLATE)
        except OSError as error:
            reason = f"{error.strerror}: {error.filename}"
            return {"failed": True, "msg": f"The report can't be written: {reason}. Check migration_report_dir."}
        return {"changed": False, "path": str(path), "report": content}
