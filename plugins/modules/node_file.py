#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: node_file
short_description: Put a small file on a Windows node, or fetch one, without PowerShell
version_added: 1.0.0
description:
  - Carries a file of at most 8 MB between the controller and the node, byte for byte, with C(cmd.exe) and
    C(certutil.exe). It takes the place of M(ansible.builtin.copy) and M(ansible.builtin.fetch), which need PowerShell
    or Python on the node. Service packs and other media belong on a share.
  - A file of the same size and SHA-1 is left alone. New content is written beside the file and compared, and only then
    takes the file's place in one step. Temporary files are removed, also after a failure.
options:
  src:
    description:
      - The file to read; of the controller with O(direction=put), of the node with O(direction=fetch).
      - A path of the node is local and complete, such as V(D:\\media\\sp2.sha1). One of the controller is best given
        with C(playbook_dir) or C(role_path); C(~) and environment variables in it are expanded.
    type: str
    required: true
  dest:
    description:
      - The file to write; of the node with O(direction=put), of the controller with O(direction=fetch). Its folder must
        exist. See O(src) for how paths are given.
    type: str
    required: true
  direction:
    description: Which way the file goes.
    type: str
    choices: [put, fetch]
    default: put
  force:
    description: Whether a file with other content is replaced; with V(false) it is left as it is.
    type: bool
    default: true
  backup:
    description: Keep the replaced file beside the new one, as O(dest) with the time and C(.bak) appended.
    type: bool
    default: false
  mode:
    description:
      - Permissions of a fetched file, as a quoted octal number such as V("0644"). Not with O(direction=put).
      - When not given, a new or replaced file can be read by its owner only (V("0600")).
    type: raw
  timeout:
    description: Seconds that each step may take.
    type: int
    default: 600
extends_documentation_fragment:
  - mailops.exchange2007.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows sizes and checksums, not the content.
seealso:
  - module: ansible.builtin.copy
    description: Needs PowerShell 3.0 or Python on the node.
  - module: ansible.builtin.fetch
    description: Needs PowerShell 3.0 or Python on the node.
author:
  - mailops contributors (@mailops)
"""

EXAMPLES = r"""
- name: Put the list of the media's checksums beside the media
  mailops.exchange2007.node_file:
    src: "{{ playbook_dir }}/files/sp2.sha1"
    dest: D:\media\sp2.sha1
    backup: true

- name: Keep the log of Setup
  mailops.exchange2007.node_file:
    direction: fetch
    src: C:\ExchangeSetupLogs\ExchangeSetup.log
    dest: "{{ playbook_dir }}/logs/{{ inventory_hostname }}-ExchangeSetup.log"
    mode: "0640"
"""

RETURN = r"""
before:
  description: The file at O(dest) before.
  returned: success
  type: dict
  sample: {"exists": false, "size": null, "checksum": null}
  contains: &file
    exists:
      description: Whether it is there.
      type: bool
      sample: true
    size:
      description: Its size in bytes; null without a file.
      type: int
      sample: 12
    checksum:
      description: SHA-1 of its content; null without a file, and where the size alone told that the content is another.
      type: str
      sample: 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12
after:
  description: The file at O(dest) afterwards; in check mode as it would be.
  returned: success
  type: dict
  sample: {"exists": true, "size": 12, "checksum": "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"}
  contains: *file
checksum:
  description: SHA-1 of the content at O(src); with O(direction=fetch) and O(force=false) of that at O(dest).
  returned: success
  type: str
  sample: 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12
src:
  description: The file that was read.
  returned: success
  type: str
  sample: /srv/playbooks/files/sp2.sha1
dest:
  description: The file that was or would be written.
  returned: success
  type: str
  sample: D:\media\sp2.sha1
backup_file:
  description: Where the replaced file is kept.
  returned: when O(backup=true) and a file was replaced
  type: str
  sample: D:\media\sp2.sha1.20260301T220000Z.bak
commands:
  description: Commands that changed something on the node; in check mode those that would.
  returned: always
  type: list
  elements: str
  sample: ['move /y "D:\\media\\mailops-0a1b2c3d-6b1f2c3d.new" "D:\\media\\sp2.sha1"']
"""

import re
import secrets
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.module_utils.common.validation import check_type_path
from ansible_collections.mailops.exchange2007.plugins.module_utils._errors import Failure, Refusal
from ansible_collections.mailops.exchange2007.plugins.module_utils._files import (
    Kind,
    NodeFiles,
    State,
    Upload,
    local_bytes,
    local_state,
    node_path,
    refuse_size,
    state_of,
    write_local,
)
from ansible_collections.mailops.exchange2007.plugins.module_utils._main import module_main
from ansible_collections.mailops.exchange2007.plugins.module_utils._task import Task

ARGUMENT_SPEC: dict[str, Any] = {
    "src": {"type": "str", "required": True},
    "dest": {"type": "str", "required": True},
    "direction": {"type": "str", "choices": ["put", "fetch"], "default": "put"},
    "force": {"type": "bool", "default": True},
    "backup": {"type": "bool", "default": False},
    "mode": {"type": "raw"},
    "timeout": {"type": "int", "default": 600},
}
_PUT = "Putting the file"
_FETCH = "Fetching the file"
_OWNER_ONLY = 0o600


def run(task: Task) -> dict[str, Any]:
    """Observe, compare, act, observe again."""
    return _put(task) if task.params["direction"] == "put" else _fetch(task)


# --- put -----------------------------------------------------------------------------------------------------------


def _put(task: Task) -> dict[str, Any]:
    if task.params["mode"] is not None:
        raise Refusal("input", _PUT, task.node.name, "mode is for direction: fetch only.", "Take it out.")
    src = Path(check_type_path(task.params["src"]))
    dest = node_path(task.params["dest"], _PUT)
    data = local_bytes(src, _PUT)
    upload, files = _tools(task, dest)
    before = _before_put(files, dest, len(data), task.node.name)
    after = state_of(data)
    if before == after or (before.exists and not task.params["force"]):
        return _result((src, dest), before, before, checksum=after.checksum, changed=False)
    backup = upload.backup(_stamp(task)) if task.params["backup"] and before.exists else None
    result = _result((src, dest), before, after, checksum=after.checksum, backup_file=backup, changed=True)
    if task.check_mode:
        return {**result, "commands": upload.lines(len(data), backup)}
    files.put(upload, data, backup)
    return {**result, **_proof(files, upload, len(data), task.node.name)}


def _before_put(files: NodeFiles, dest: str, size: int, node: str) -> State:
    parent = dest.rpartition("\\")[0]
    entry, folder = files.look(_PUT, dest, parent + "\\.")  # the dot: of a bare drive, cmd.exe sees its current folder
    if folder.kind is not Kind.FOLDER:
        advice = "Create it first, such as with ansible.builtin.raw and md."
        raise Refusal("input", _PUT, f"{dest} of {node}", f"The node has no folder {parent}.", advice)
    if entry.kind is Kind.FOLDER:
        advice = "Give the name of the file in it, too."
        raise Refusal("input", _PUT, f"{dest} of {node}", "On the node that is a folder.", advice)
    return files.state(dest, entry, size)


def _proof(files: NodeFiles, upload: Upload, size: int, node: str) -> dict[str, Any]:
    """Its content was compared before it took its place; what is left to see is that it did."""
    entry, *others = files.look(_PUT, upload.dest, upload.encoded, upload.fresh)
    if entry.kind is not Kind.FILE or entry.size != size:
        seen = f"after the move it is {entry.kind.value} with {entry.size} bytes, not {size}."
        raise Failure(
            _PUT, f"{upload.dest} of {node}", seen, "Look who else writes there, then run again.", changed=True
        )
    if all(other.kind is Kind.ABSENT for other in others):
        return {}
    return {"warnings": [f"{node}: temporary files beside {upload.dest} are still there; {upload.clean_line}"]}


# --- fetch ---------------------------------------------------------------------------------------------------------


def _fetch(task: Task) -> dict[str, Any]:
    mode = _mode(task.params["mode"])
    src = node_path(task.params["src"], _FETCH)
    dest = Path(check_type_path(task.params["dest"]))
    _upload, files = _tools(task, src)
    size = _size(files, src, task.node.name)
    before = local_state(dest, size, _FETCH)
    if before.exists and not task.params["force"]:
        return _result((src, dest), before, before, checksum=before.checksum, changed=False)
    if before.checksum and before.checksum == files.checksum(src, size):
        changed = _chmod(dest, mode, task.check_mode)
        return _result((src, dest), before, before, checksum=before.checksum, changed=changed)
    data = files.read(f'"{src}"', size)
    after = state_of(data)
    backup = f"{dest}.{_stamp(task)}.bak" if task.params["backup"] and before.exists else None
    if not task.check_mode:
        write_local(dest, data, _OWNER_ONLY if mode is None else mode, backup, _FETCH)
    return _result((src, dest), before, after, checksum=after.checksum, backup_file=backup, changed=True)


def _size(files: NodeFiles, src: str, node: str) -> int:
    [entry] = files.look(_FETCH, src)
    if entry.kind is not Kind.FILE:
        what = "that is a folder" if entry.kind is Kind.FOLDER else "there is no such file, or it may not be seen"
        raise Failure(_FETCH, src, f"on {node} {what}.", "Check the path on the node.")
    refuse_size(entry.size, _FETCH, f"{src} of {node}")
    return entry.size


def _mode(value: Any) -> int | None:
    """YAML reads 0644 without quotes as a number already, and 644 as another one: only the quoted form is clear."""
    if value is None:
        return None
    if isinstance(value, str) and re.fullmatch(r"0?[0-7]{3}", value):
        return int(value, 8)
    advice = 'Give a quoted octal number, such as "0644".'
    raise Refusal("input", _FETCH, "mode", f"{value!r} is not such a number.", advice)


def _chmod(dest: Path, mode: int | None, check_mode: bool) -> bool:
    """Whether permissions were or would be changed."""
    if mode is None or dest.stat().st_mode & 0o777 == mode:
        return False
    if not check_mode:
        dest.chmod(mode)
    return True


# --- both ----------------------------------------------------------------------------------------------------------


def _tools(task: Task, path: str) -> tuple[Upload, NodeFiles]:
    token = secrets.token_hex(4)
    return Upload(path, token), NodeFiles(task.node, task.params["timeout"], token)


def _stamp(task: Task) -> str:
    return datetime.fromtimestamp(task.clock.now(), timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def _result(ends: tuple[str | Path, str | Path], before: State, after: State, **more: Any) -> dict[str, Any]:
    src, dest = ends
    return {
        "src": str(src),
        "dest": str(dest),
        "before": before.as_dict(),
        "after": after.as_dict(),
        **{key: value for key, value in more.items() if key != "backup_file" or value},
    }


def main() -> None:
    module_main(ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
