# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The winrs connection's options as plain types, and everything that is refused before a byte is sent."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError

from ..module_utils._cmdline import MAX_COMMAND_LINE

_UTF8_CODEPAGE = 65001
_BASIC = ("basic", "plaintext", "ssl")
_SEALING = ("ntlm", "kerberos", "credssp")
# Not representable in the XML that carries a command line, or read by cmd.exe as its end
# (sources.md: control-characters).
_UNSENDABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_CORE_POWERSHELL = re.compile(r"-ExecutionPolicy\s+Unrestricted\s+-EncodedCommand", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """The options of one connection, as plain types."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    transport: str
    scheme: str
    path: str
    codepage: int
    message_encryption: str
    server_cert_validation: str
    ca_trust_path: str | None
    cert_pem: str | None
    cert_key_pem: str | None
    legacy_tls: bool
    credssp_disable_tlsv1_2: bool
    kinit_mode: str | None
    kinit_cmd: str
    kinit_args: str | None
    kerberos_delegation: bool
    kerberos_hostname_override: str | None
    operation_timeout: int
    read_timeout: int
    output_limit: int
    resource_uri: str

    @property
    def where(self) -> str:
        """host:port, as messages name the node."""
        return f"{self.host}:{self.port}"

    @property
    def endpoint(self) -> str:
        """The URL of the WS-Man service."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/{self.path.lstrip('/')}"

    @property
    def basic(self) -> bool:
        """Whether the password goes into every request."""
        return self.transport in _BASIC

    @property
    def sealed(self) -> bool:
        """Whether every message is encrypted by the login's own means."""
        if self.scheme == "http":
            return True
        return self.message_encryption == "always" and self.transport in _SEALING

    @property
    def own_ticket(self) -> bool:
        """Whether to run kinit for this connection."""
        if self.transport != "kerberos":
            return False
        return self.kinit_mode == "managed" or (self.kinit_mode is None and self.password is not None)

    def scrub(self, text: str) -> str:
        """One line of text without the password."""
        line = " ".join(text.split())
        return line.replace(self.password, "********") if self.password else line


def refuse_settings(settings: Settings) -> None:
    """Raise AnsibleError for options that can't work or aren't safe, before anything is sent."""
    for wrong, text in (*_unsafe(settings), *_incomplete(settings)):
        if wrong:
            raise AnsibleError(f"{settings.where}: {text}")
    refuse_codepage(settings.codepage, settings.where)


def _unsafe(it: Settings) -> list[tuple[bool, str]]:
    clear = it.scheme == "http"
    return [
        (
            clear and it.basic,
            f"transport {it.transport} over http would send the password in clear text. "
            "Use ansible_winrs_transport: ntlm (messages are encrypted over http), or ansible_winrs_scheme: https.",
        ),
        (
            clear and it.transport == "certificate",
            "transport certificate works over https only. Set ansible_winrs_scheme: https and ansible_port: 5986.",
        ),
        (
            clear and it.message_encryption == "never",
            "message_encryption never over http would send commands and output in clear text. "
            "Leave ansible_winrs_message_encryption at always.",
        ),
    ]


def _incomplete(it: Settings) -> list[tuple[bool, str]]:
    ticket_at_hand = it.transport == "kerberos" and not it.own_ticket
    return [
        (
            it.operation_timeout < 1 or it.operation_timeout >= it.read_timeout,
            f"operation_timeout ({it.operation_timeout} s) must be at least 1 and below read_timeout "
            f"({it.read_timeout} s). Correct ansible_winrs_operation_timeout or ansible_winrs_read_timeout.",
        ),
        (
            not it.user and it.transport not in ("certificate", "kerberos"),
            "no user to log in with. Set ansible_user (DOMAIN\\user or user@domain).",
        ),
        (
            it.password is None and it.transport != "certificate" and not ticket_at_hand,
            f"no password for {it.user}. Set ansible_password (from a vault), or run with --ask-pass.",
        ),
        (
            it.own_ticket and "@" not in (it.user or ""),
            f"kerberos wants the user as user@REALM, not {it.user}. Correct ansible_user.",
        ),
        (
            it.transport == "certificate" and not (_is_file(it.cert_pem) and _is_file(it.cert_key_pem)),
            "transport certificate needs readable files in ansible_winrs_cert_pem and ansible_winrs_cert_key_pem.",
        ),
        (
            it.scheme == "https" and it.ca_trust_path is not None and not Path(it.ca_trust_path).exists(),
            f"there is no {it.ca_trust_path} on the controller. Correct ansible_winrs_ca_trust_path.",
        ),
    ]


def _is_file(path: str | None) -> bool:
    return path is not None and Path(path).is_file()


def refuse_codepage(codepage: int, where: str) -> None:
    """Raise AnsibleError for a code page that cmd.exe or the controller can't work with."""
    if codepage == _UTF8_CODEPAGE:
        raise AnsibleError(
            f"{where}: code page 65001 (UTF-8) is refused: on these systems batch files print nothing under it. Set "
            "ansible_winrs_codepage to the node's OEM code page (437, 850, 852, 932 ...)."
        )
    try:
        codecs.lookup(f"cp{codepage}")
    except LookupError:
        raise AnsibleError(
            f"{where}: code page {codepage} is not known to Python. Set ansible_winrs_codepage to the node's OEM "
            "code page (437, 850, 852, 932 ...)."
        ) from None


def refuse_line(line: str) -> None:
    """Raise AnsibleError for a command line that cmd.exe would not get as it is."""
    if len(line) > MAX_COMMAND_LINE:
        raise AnsibleError(
            f"The command line has {len(line)} characters; cmd.exe takes {MAX_COMMAND_LINE}. "
            "Split the command, or put the long part into a file on the node."
        )
    found = _UNSENDABLE.search(line)
    if found:
        raise AnsibleError(
            f"The command line holds the character 0x{ord(found.group()):02x} at position {found.start() + 1}; "
            "cmd.exe reads one line, without control characters. Join commands with '&'."
        )


def refuse_powershell(line: str) -> None:
    """Raise AnsibleError for what core sends for modules that run on the node (sources.md: core-on-the-node)."""
    if _CORE_POWERSHELL.search(line):
        raise AnsibleError(
            "This task needs PowerShell or Python on the node; use raw or a module of this collection. "
            "For fact gathering set gather_facts: false on the play."
        )


def settings_from(options: Mapping[str, Any]) -> Settings:
    """Settings from the plugin's options; tagged values become plain ones here (sources.md: tagged-values)."""
    rename = {"host": "remote_addr", "user": "remote_user", "password": "remote_password"}
    return Settings(**{name: plain(options[rename.get(name, name)]) for name in Settings.__dataclass_fields__})


def plain(value: Any) -> Any:
    """An option's value without the subclasses of str and int that Ansible puts round it."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value
