# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cmd.exe over WinRM, without PowerShell and without Python on the node."""

from __future__ import annotations

DOCUMENTATION = r"""
name: winrs
short_description: Run cmd.exe commands over WinRM, without PowerShell on the node
version_added: 1.0.0
author:
  - mailops team (@mailops)
description:
  - Runs commands in the cmd.exe shell of WinRM (WinRS) on nodes that have PowerShell 1.0 or none, such as
    Windows Server 2003 SP2 and 2008. Commands go to the node as they are; nothing is wrapped in PowerShell.
  - The modules of this collection, P(ansible.builtin.raw#module) and C(meta) with V(reset_connection) work over it.
  - Fact gathering, P(ansible.builtin.copy#module), P(ansible.builtin.wait_for_connection#module) and every module
    that runs PowerShell or Python on the node do not; each is refused on the controller before anything is sent.
    Every play on these nodes therefore says C(gather_facts) with V(false).
  - Messages are sealed by NTLM, Kerberos or CredSSP also over V(http), and an answer in clear text is refused.
requirements:
  - pywinrm >= 0.5.0 (Python library on the controller)
  - requests-credssp for O(transport=credssp) (C(pywinrm[credssp]))
  - pykerberos and the Kerberos client programs for O(transport=kerberos) (C(pywinrm[kerberos]))
notes:
  - No Windows host was at hand. What was tested was tested against the simulated nodes of this collection, whose WinRM
    is written after the specifications and checked with pywinrm and pypsrp as well; V(ntlm), V(basic), V(certificate)
    and V(credssp) with pyspnego and OpenSSL on the other side, over http and https, with TLS down to 1.0; V(kerberos)
    with MIT Kerberos, an own KDC included. C(docs/connection.md) of this collection says which transport is for which
    Windows.
  - For each variable C(ansible_winrs_x) the well-known C(ansible_winrm_x) is accepted as well; where both are set,
    C(ansible_winrs_x) is used.
options:
  remote_addr:
    description: Address of the node.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
      - name: ansible_winrm_host
      - name: ansible_winrs_host
  port:
    description:
      - TCP port of the WinRM listener. WinRM 1.1 listens on V(80), later versions on V(5985).
      - Over https V(443) and V(5986).
    type: int
    default: 5985
    vars:
      - name: ansible_port
      - name: ansible_winrm_port
      - name: ansible_winrs_port
    keyword:
      - name: port
  remote_user:
    description: Account to log in with, as V(DOMAIN\\user) or V(user@domain).
    type: str
    vars:
      - name: ansible_user
      - name: ansible_winrm_user
      - name: ansible_winrs_user
    keyword:
      - name: remote_user
  remote_password:
    description: Password of O(remote_user).
    type: str
    aliases: [password]
    vars:
      - name: ansible_password
      - name: ansible_winrm_pass
      - name: ansible_winrm_password
      - name: ansible_winrs_pass
      - name: ansible_winrs_password
  transport:
    description:
      - How to log in.
      - V(basic) (also spelled V(plaintext) or V(ssl)) and V(certificate) are refused over http.
      - V(credssp) and V(kerberos) with O(kerberos_delegation) hand over credentials with which commands reach shares
        and the directory. The modules of this collection need neither.
    type: str
    default: ntlm
    choices: [ntlm, kerberos, credssp, certificate, basic, plaintext, ssl]
    vars:
      - name: ansible_winrm_transport
      - name: ansible_winrs_transport
  scheme:
    description: Over V(http) the messages themselves are encrypted. Over V(https) set O(port) as well.
    type: str
    default: http
    choices: [http, https]
    vars:
      - name: ansible_winrm_scheme
      - name: ansible_winrs_scheme
  path:
    description: Path of the WS-Man endpoint.
    type: str
    default: /wsman
    vars:
      - name: ansible_winrm_path
      - name: ansible_winrs_path
  codepage:
    description:
      - OEM code page of the node, in which its programs write (V(437), V(850), V(852), V(932) and others).
      - V(65001) is refused, because batch files print nothing under it on these systems.
    type: int
    default: 437
    vars:
      - name: ansible_winrm_codepage
      - name: ansible_winrs_codepage
  message_encryption:
    description:
      - V(always) seals every message. V(auto) does so over http and leaves it to TLS over https.
      - V(never) is refused over http.
    type: str
    default: always
    choices: [always, auto, never]
    vars:
      - name: ansible_winrm_message_encryption
      - name: ansible_winrs_message_encryption
  server_cert_validation:
    description:
      - Whether the certificate of an https listener must be valid.
      - A certificate with a common name and no subject alternative name never is, whatever O(legacy_tls) says.
    type: str
    default: validate
    choices: [validate, ignore]
    vars:
      - name: ansible_winrm_server_cert_validation
      - name: ansible_winrs_server_cert_validation
  ca_trust_path:
    description:
      - File with the certificate authorities to trust; the system's own when not set.
      - A directory works once C(openssl rehash) has prepared it.
    type: path
    vars:
      - name: ansible_winrm_ca_trust_path
      - name: ansible_winrs_ca_trust_path
  cert_pem:
    description: Client certificate for O(transport=certificate).
    type: path
    vars:
      - name: ansible_winrm_cert_pem
      - name: ansible_winrs_cert_pem
  cert_key_pem:
    description: Private key of O(cert_pem).
    type: path
    vars:
      - name: ansible_winrm_cert_key_pem
      - name: ansible_winrs_cert_key_pem
  legacy_tls:
    description:
      - Go down to TLS 1.0 with old ciphers and without secure renegotiation for this https connection. A warning is
        shown.
      - Enough for Windows Server 2008. Of what Windows Server 2003 speaks OpenSSL knows nothing any more.
    type: bool
    default: false
    vars:
      - name: ansible_winrm_legacy_tls
      - name: ansible_winrs_legacy_tls
  credssp_disable_tlsv1_2:
    description: Use an older TLS inside CredSSP, for nodes that cannot speak TLS 1.2.
    type: bool
    default: false
    vars:
      - name: ansible_winrm_credssp_disable_tlsv1_2
      - name: ansible_winrs_credssp_disable_tlsv1_2
  kinit_mode:
    description:
      - V(managed) gets a ticket with O(remote_password) for each connection, V(manual) uses the one that is there.
      - When not set, V(managed) with a password and V(manual) without.
    type: str
    choices: [managed, manual]
    vars:
      - name: ansible_winrm_kinit_mode
      - name: ansible_winrs_kinit_mode
  kinit_cmd:
    description: Program that gets the ticket.
    type: str
    default: kinit
    vars:
      - name: ansible_winrm_kinit_cmd
      - name: ansible_winrs_kinit_cmd
  kinit_args:
    description: Arguments for O(kinit_cmd) before the principal, in place of the one for delegation.
    type: str
    vars:
      - name: ansible_winrm_kinit_args
      - name: ansible_winrs_kinit_args
  kerberos_delegation:
    description: Hand the ticket over to the node, so that it can go on to others.
    type: bool
    default: false
    vars:
      - name: ansible_winrm_kerberos_delegation
      - name: ansible_winrs_kerberos_delegation
  kerberos_hostname_override:
    description: Host name in the service principal, when it is not the one connected to.
    type: str
    vars:
      - name: ansible_winrm_kerberos_hostname_override
      - name: ansible_winrs_kerberos_hostname_override
  operation_timeout:
    description:
      - Seconds that the node may keep a message before it answers "nothing yet". Not a limit for commands.
      - Must be below O(read_timeout), and not above the node's C(MaxTimeoutms) (60 s by default).
    type: int
    default: 20
    vars:
      - name: ansible_winrm_operation_timeout_sec
      - name: ansible_winrm_operation_timeout
      - name: ansible_winrs_operation_timeout_sec
      - name: ansible_winrs_operation_timeout
  read_timeout:
    description: Seconds without a sign of life from the node after which the connection counts as lost.
    type: int
    default: 30
    vars:
      - name: ansible_winrm_read_timeout_sec
      - name: ansible_winrm_read_timeout
      - name: ansible_winrs_read_timeout_sec
      - name: ansible_winrs_read_timeout
  command_timeout:
    description: Seconds that a command of P(ansible.builtin.raw#module) may take. Modules bring their own limits.
    type: int
    default: 3600
    vars:
      - name: ansible_winrm_command_timeout
      - name: ansible_winrs_command_timeout
  output_limit:
    description: Bytes that one command may print before it is ended.
    type: int
    default: 16777216
    vars:
      - name: ansible_winrm_output_limit
      - name: ansible_winrs_output_limit
  resource_uri:
    description: Resource URI of the shell, for WinRM versions that know it by another name.
    type: str
    default: http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd
    vars:
      - name: ansible_winrm_resource_uri
      - name: ansible_winrs_resource_uri
"""

import math
import random
import re
import shlex
import ssl
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display

from ..plugin_utils import _kinit
from ..plugin_utils._winrs_settings import (
    Settings,
    plain,
    refuse_line,
    refuse_powershell,
    refuse_settings,
    settings_from,
)

try:
    import requests
    from requests.adapters import HTTPAdapter
    from winrm.exceptions import (
        AuthenticationError,
        WinRMError,
        WinRMOperationTimeoutError,
        WinRMTransportError,
        WSManFaultError,
    )
    from winrm.protocol import Protocol
except ImportError as exc:
    LIBRARY_MISSING: str | None = str(exc)
    HTTPAdapter = object  # type: ignore[assignment,misc]
    Protocol = requests = None  # type: ignore[assignment]
    AuthenticationError = WinRMError = WinRMOperationTimeoutError = WinRMTransportError = WSManFaultError = ()
else:
    LIBRARY_MISSING = None
try:
    import spnego.tls
    from requests_credssp.exceptions import AuthenticationException, NTStatusException
except ImportError:  # only transport credssp needs them
    AuthenticationException = NTStatusException = ()

display = Display()

_IDLE_TIMEOUT = "PT900S"  # WinRM takes an xs:duration only (sources.md: idle-timeout)
# WinRM 2.0 allows 15 operations a user, and gives none back before Delete (sources.md: operations-quota).
_COMMANDS_PER_SHELL = 12
_SHELL_WAIT = 60.0  # seconds to wait for one of the shells that WinRM grants a user
_SHELL_PAUSE = 5.0  # seconds between two attempts, jittered upwards
_IDLE_PAUSE = 0.05  # seconds after an answer with nothing in it, so that no server can make us spin
_INPUT_PIECE = 30_000  # bytes; in base64 still below the smallest envelope known, 50 KB (sources.md: envelope-size)

_ACCESS_DENIED = 5
_SHELL_UNKNOWN = 0x8033805B
_PROFILE_UNLOADED = 0x800703FA
_OPERATIONS_QUOTA = 0x803381A6
_SHELLS_QUOTA = 0x803381A5
_REOPEN = {_SHELL_UNKNOWN, _PROFILE_UNLOADED, _OPERATIONS_QUOTA}  # sources.md: winrm-faults
_NO_RESOURCE = 0x80338000
_BUSY = {_SHELLS_QUOTA, _OPERATIONS_QUOTA, _PROFILE_UNLOADED}

_ERRNO = re.compile(r"\[Errno -?\d+\] ([^'\"()>\[\]]+)")
_TLS_REASON = re.compile(r"\[(?:SSL|X509|PEM|ASN1)(?:: ([A-Z0-9_]+)\]|\] ([A-Za-z0-9_ ]+))")
_UNVERIFIED = re.compile(r"certificate verify failed: (.+?) \(_ssl")
_OWN_FILES = ("KEY_VALUES_MISMATCH", "PEM lib", "NO_CERTIFICATE_OR_CRL_FOUND", "NO_START_LINE")
_LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT of Python 3.12: without it OpenSSL 3 leaves MS10-049 out

_NO_ADDRESS = re.compile(r"NameResolution|getaddrinfo|Errno -\d")

_KERBEROS_SAYS = re.compile(r"""(?:'([^']*)'|"([^"]*)"), -?\d+\)""")

Answer = tuple[bytes, bytes, int, bool]  # stdout, stderr, exit code, whether the command has ended


class CommandEndUnknown(AnsibleConnectionFailure):  # type: ignore[misc]
    """A command may have begun, and nobody knows how it ended. Observe before deciding anything.

    reason: what happened, without the conclusion that the message draws from it.
    """

    started = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}. Its effect on the node is unknown.")
        self.reason = reason


class NoAnswer(AnsibleConnectionFailure):  # type: ignore[misc]
    """Nobody answers at the node's address, as while it restarts. Nothing was started."""

    silent = True


class _Declined(Exception):
    """The node turned a command down before it began, in a way that one more try may cure.

    relogin: the login went with its TCP connection, so a new shell alone would not do. busy: shells of runs that were
    killed hold the user's operations, and give them back when WinRM finds them idle.
    """

    def __init__(self, reason: str, *, relogin: bool, busy: bool) -> None:
        super().__init__(reason)
        self.relogin = relogin
        self.busy = busy


def lower(context: ssl.SSLContext) -> None:
    """Let a context go down to TLS 1.0, old ciphers and servers that know no secure renegotiation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.options |= _LEGACY_SERVER_CONNECT


@contextmanager
def old_tls_in_credssp() -> Iterator[None]:
    """Lower the TLS inside CredSSP: requests-credssp allows TLS 1.0, but not the ciphers that go with it."""
    make = spnego.tls.default_tls_context

    def made_and_lowered(usage: str = "initiate") -> Any:
        found = make(usage)
        lower(found.context)
        return found

    spnego.tls.default_tls_context = made_and_lowered
    try:
        yield
    finally:
        spnego.tls.default_tls_context = make


class _OldTLS(HTTPAdapter):
    """Lets one connection go down to TLS 1.0; the certificate is checked as asked for (sources.md: old-tls)."""

    def __init__(self, verify: bool, ca_trust_path: str | None) -> None:
        in_directory = ca_trust_path is not None and Path(ca_trust_path).is_dir()
        context = ssl.create_default_context(
            cafile=None if in_directory else ca_trust_path, capath=ca_trust_path if in_directory else None
        )
        context.check_hostname = verify
        context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
        lower(context)
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Give urllib3 our context in place of its own."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)


def refuse_clear(protocol_string: str) -> Callable[..., None]:
    """A hook for requests: pywinrm believes an answer in clear text, we don't (sources.md: clear-text).

    protocol_string is what pywinrm looks for before it decrypts; anything else it takes as it comes.
    """

    def check(response: Any, *args: Any, **kwargs: Any) -> None:
        del args, kwargs
        sealed = f'protocol="{protocol_string}"' in response.headers.get("Content-Type", "")
        if sealed or not response.content or response.status_code == 401:
            return
        if response.status_code >= 400 and response.status_code != 500:
            raise WinRMTransportError("http", response.status_code, "")  # the status, but not a word of the body
        raise AnsibleConnectionFailure(
            "the server answered in clear text although encryption is required. Check that it is a Windows node's "
            "WinRM and not a proxy or another web server"
        )

    return check


def _codes(fault: Any) -> set[int]:
    codes = (fault.wsman_fault_code, fault.wmierror_code)
    return {code & 0xFFFFFFFF for code in codes if code is not None}


def _over_quota(fault: Any) -> bool:
    # Older systems send no number for a quota, only this subcode (sources.md: winrm-faults).
    return str(fault.fault_subcode or "").endswith("QuotaLimit")


def _lives_on(fault: Any, codes: set[int]) -> bool:
    return bool(_codes(fault) & codes) or _over_quota(fault)


def _fault_text(fault: Any) -> str:
    numbers = ", ".join(f"{code} (0x{code:08X})" for code in sorted(_codes(fault)))
    return f"fault {numbers or fault.fault_subcode or 'without a number'}: {fault.reason}"


def _never_sent(exc: Exception) -> bool:
    """Whether no TCP connection came about, so that the message cannot have arrived."""
    return isinstance(exc, requests.exceptions.ConnectTimeout) or "NewConnectionError" in repr(exc)


def _declined(exc: Exception) -> bool | None:
    """For a Command message: False = a new shell may help, True = a new login, None = neither is known to."""
    if isinstance(exc, WSManFaultError):
        return False if _lives_on(exc, _REOPEN) else None
    if isinstance(exc, WinRMTransportError):
        # Sealed, on a TCP connection without a login (sources.md: sealed-login).
        return True if exc.code == 400 else None
    if isinstance(exc, AuthenticationError) or (isinstance(exc, requests.RequestException) and _never_sent(exc)):
        return True
    return None


def _not_begun(exc: Exception) -> bool:
    """Whether an answer to a Command message proves that nothing runs."""
    if isinstance(exc, WinRMTransportError):
        return 400 <= int(exc.code) < 500 or exc.code == 503
    return isinstance(exc, WSManFaultError)


def _deaf(data: bytes) -> None:
    """For a caller that waits for the end."""
    del data


class Wire:
    """One login and one shell, both made when first needed and renewed when the node has lost them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._protocol: Any = None
        self._shell: str | None = None
        self._begun = 0
        self._ticket: _kinit.Ticket | None = None

    @property
    def settings(self) -> Settings:
        """Where and how it is connected."""
        return self._settings

    def open(self) -> None:
        """Log in and open the shell; raises AnsibleConnectionFailure."""
        if self._shell is not None and self._begun >= _COMMANDS_PER_SHELL:
            self._delete_shell()
        session = self._session()
        if self._shell is None:
            self._shell = self._create_shell(session)
            self._begun = 0

    def execute(
        self, line: str, in_data: bytes | None, timeout: float, hear: Callable[[bytes], None] | None = None
    ) -> tuple[int, bytes, bytes]:
        """Run a command line for at most timeout seconds: exit code, stdout and stderr as the node wrote them.

        Raises AnsibleConnectionFailure when nothing was started, CommandEndUnknown when something may have been.
        """
        command = self._begin(line, console=in_data is None)
        deadline = time.monotonic() + timeout
        try:
            self._feed(command, in_data, deadline)
            return self._receive(command, deadline, timeout, hear or _deaf)
        except BaseException as exc:
            if not isinstance(exc, Exception):
                # The alarm of a task's `timeout` strikes in the middle of a message: sealing is out of step then.
                self._hang_up()
            self._end(command)
            raise

    def close(self) -> None:
        """Give everything back. Never raises: cleanup must not hide a result (sources.md: cleanup)."""
        if self._shell is not None:
            self._delete_shell()
        self._hang_up()
        if self._ticket is not None:
            self._ticket.drop()
            self._ticket = None

    # Login

    def _session(self) -> Any:
        if self._ticket is not None:
            self._ticket.use()
        if self._protocol is None:
            self._protocol = self._log_in()
        return self._protocol

    def _log_in(self) -> Any:
        if self._settings.own_ticket and self._ticket is None:
            self._ticket = self._kinit()
        try:
            protocol = Protocol(**protocol_arguments(self._settings))
            self._prepare(protocol)
        except Exception as exc:
            raise self._no_shell(exc) from None
        return protocol

    def _kinit(self) -> _kinit.Ticket:
        it = self._settings
        try:
            return _kinit.obtain(
                str(it.user),
                str(it.password),
                command=it.kinit_cmd,
                arguments=shlex.split(it.kinit_args or ""),
                forwardable=it.kerberos_delegation,
            )
        except _kinit.KinitFailed as exc:
            raise AnsibleConnectionFailure(f"{it.where}: no Kerberos ticket for {it.user}: {exc}") from None

    def _prepare(self, protocol: Any) -> None:
        """Build the HTTP session, with the old TLS in place before its first message and the check after the login."""
        transport = protocol.transport
        log_in = transport.setup_encryption

        def set_up(session: Any) -> None:
            self._harden(session)
            log_in(session)
            session.hooks["response"].append(refuse_clear(transport.encryption.protocol_string.decode()))

        transport.setup_encryption = set_up
        session = transport.build_session()
        if not self._settings.sealed:
            self._harden(session)
        _use_resource_uri(protocol, self._settings.resource_uri)

    def _harden(self, session: Any) -> None:
        session.max_redirects = 0  # WinRM never redirects; whoever does would be given a login
        if self._settings.legacy_tls and self._settings.scheme == "https":
            verify = self._settings.server_cert_validation == "validate"
            session.mount("https://", _OldTLS(verify, self._settings.ca_trust_path))
        if self._settings.transport == "credssp" and self._settings.credssp_disable_tlsv1_2:
            _lower_credssp(session.auth)

    def _hang_up(self) -> None:
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            self._tidy("closing the connection", protocol.transport.close_session)

    # The shell

    def _create_shell(self, session: Any) -> str:
        give_up = time.monotonic() + _SHELL_WAIT
        while True:
            try:
                return str(session.open_shell(codepage=self._settings.codepage, idle_timeout=_IDLE_TIMEOUT))
            except Exception as exc:
                waits = isinstance(exc, WSManFaultError) and _lives_on(exc, _BUSY)
                if not waits or time.monotonic() >= give_up:
                    self._hang_up()
                    raise self._no_shell(exc, waited=waits) from None
            time.sleep(_SHELL_PAUSE * random.uniform(1.0, 1.5))  # noqa: S311 - jitter, no secret

    def _delete_shell(self) -> None:
        shell, self._shell = self._shell, None
        self._tidy("closing the shell", lambda: self._session().close_shell(shell, close_session=False))

    def _renew(self, *, relogin: bool) -> None:
        """Give up a shell in which nothing runs, so that the next open() makes a new one."""
        if relogin:
            self._hang_up()
        if self._shell is not None:
            self._delete_shell()

    def _lose(self) -> None:
        """Forget login and shell without a message: what runs there is left alone."""
        self._shell = None
        self._hang_up()

    # One command

    def _begin(self, line: str, *, console: bool) -> str:
        """Start a command; one that was turned down is sent once more, where the node is busy for a while."""
        give_up = time.monotonic() + _SHELL_WAIT
        again = False
        while True:
            self.open()
            try:
                return self._run(line, console=console)
            except _Declined as exc:
                declined = exc
            self._log(f"the command was not started ({declined}); opening a new shell")
            self._renew(relogin=declined.relogin)
            if again:
                if not declined.busy or time.monotonic() >= give_up:
                    raise AnsibleConnectionFailure(f"{self._settings.where}: the command was not started: {declined}")
                time.sleep(_SHELL_PAUSE * random.uniform(1.0, 1.5))  # noqa: S311 - jitter, no secret
            again = True

    def _run(self, line: str, *, console: bool) -> str:
        self._begun += 1
        try:
            return str(self._protocol.run_command(self._shell, line, console_mode_stdin=console))
        except Exception as exc:
            self._refused(exc)
        except BaseException:
            self._hang_up()
            raise

    def _refused(self, exc: Exception) -> NoReturn:
        """Raise what a failed Command message means."""
        reason = self._describe(exc)
        relogin = _declined(exc)
        if relogin is not None:
            busy = isinstance(exc, WSManFaultError) and _lives_on(exc, {_OPERATIONS_QUOTA})
            raise _Declined(reason, relogin=relogin, busy=busy) from None
        if _not_begun(exc):
            raise AnsibleConnectionFailure(f"{self._settings.where}: the command was not started: {reason}") from None
        self._lose()
        raise self._unknown(f"the connection was lost while a command was sent: {reason}") from None

    def _feed(self, command: str, in_data: bytes | None, deadline: float) -> None:
        if in_data is None:
            return
        pieces = [in_data[start : start + _INPUT_PIECE] for start in range(0, len(in_data), _INPUT_PIECE)] or [b""]
        for number, piece in enumerate(pieces, 1):
            if not self._feed_piece(command, piece, last=number == len(pieces), deadline=deadline):
                return

    def _feed_piece(self, command: str, piece: bytes, *, last: bool, deadline: float) -> bool:
        """Whether the command still reads. A command that ended early has a result all the same."""
        try:
            self._protocol.send_command_input(self._shell, command, piece, end=last)
        except WSManFaultError as exc:
            self._log(f"the command takes no more input ({self._describe(exc)})")
            return False
        except Exception as exc:
            self._lose()
            raise self._unknown(f"the connection was lost while a command ran: {self._describe(exc)}") from None
        if not last and time.monotonic() >= deadline:
            raise self._unknown("the command did not read its input within its time limit and was ended")
        return True

    def _receive(
        self, command: str, deadline: float, timeout: float, hear: Callable[[bytes], None]
    ) -> tuple[int, bytes, bytes]:
        stdout, stderr = bytearray(), bytearray()
        while True:
            more_stdout, more_stderr, rc, done = self._poll(command, deadline)
            stdout += more_stdout
            hear(more_stdout)
            stderr += more_stderr
            if done:
                # No Signal after the end: Delete frees the command, and no operation is given back before
                # (sources.md: operations-quota).
                return rc, bytes(stdout), bytes(stderr)
            if len(stdout) + len(stderr) > self._settings.output_limit:
                raise self._unknown(
                    f"the command printed more than {self._settings.output_limit} bytes and was ended. Redirect its "
                    "output into a file, or raise ansible_winrs_output_limit"
                )
            if time.monotonic() >= deadline:
                raise self._unknown(f"the command was still running after {timeout:.0f} s and was ended")

    def _poll(self, command: str, deadline: float) -> Answer:
        """One Receive, which the node holds back until something comes or the operation timeout is over."""
        patience = max(1, min(self._settings.operation_timeout, math.ceil(deadline - time.monotonic())))
        self._protocol.operation_timeout_sec = patience
        try:
            answer: Answer = self._protocol.get_command_output_raw(self._shell, command)
        except WinRMOperationTimeoutError:
            return b"", b"", -1, False  # silence, not failure (sources.md: silence)
        except Exception as exc:
            self._lose()
            raise self._unknown(f"the connection was lost while a command ran: {self._describe(exc)}") from None
        finally:
            if self._protocol is not None:
                self._protocol.operation_timeout_sec = self._settings.operation_timeout
        if not (answer[0] or answer[1] or answer[3]):
            time.sleep(_IDLE_PAUSE)
        return answer

    def _end(self, command: str) -> None:
        """Terminate a command whose result nobody waits for any more; a lost one is left alone."""
        if self._shell is not None:
            shell = self._shell
            self._tidy("ending the command", lambda: self._session().cleanup_command(shell, command))

    # Words

    def _tidy(self, doing: str, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as exc:
            self._log(f"{doing} failed: {self._describe(exc)}")

    def _log(self, text: str) -> None:
        display.vvv(f"winrs {self._settings.where}: {self._settings.scrub(text)}", host=self._settings.host)

    def _unknown(self, text: str) -> CommandEndUnknown:
        return CommandEndUnknown(f"{self._settings.where}: {text}")

    def _no_shell(self, exc: Exception, *, waited: bool = False) -> AnsibleError:
        """What a failed login or Create means, with the remedy."""
        it = self._settings
        if _login_refused(exc):
            return AnsibleConnectionFailure(f"{it.where}: {login_refused(it)}")
        waited_text = f"Waited {_SHELL_WAIT:.0f} s. End other sessions of {it.user}, or restart WinRM."
        advice = waited_text if waited else remedy(exc, it)
        kind = NoAnswer if _is_silence(exc) else AnsibleConnectionFailure
        return kind(f"{it.where}: {self._describe(exc).rstrip('.')}. {advice}".rstrip())

    def _describe(self, exc: Exception) -> str:
        return describe(exc, self._settings)


def describe(exc: Exception, it: Settings) -> str:
    """What went wrong, in one line without the password, from the exception's fields."""
    if _is_network(exc):
        return f"no WinRM answer ({_network_reason(exc, it)})"
    if _is_kerberos(exc):
        return it.scrub(f"no Kerberos login: {_kerberos_reason(exc)}")
    sayings: tuple[tuple[Any, Callable[[], str]], ...] = (
        (AnsibleError, lambda: str(exc)),
        (AuthenticationError, lambda: "the login was refused"),
        (NTStatusException, lambda: "the login was refused"),
        (WSManFaultError, lambda: _fault_text(exc)),
        (WinRMTransportError, lambda: f"HTTP status {getattr(exc, 'code', '?')} instead of a WS-Man answer"),
        (WinRMOperationTimeoutError, lambda: f"no answer within {it.operation_timeout} s"),
        (Exception, lambda: f"{it.transport}: {type(exc).__name__}: {exc}"),
    )
    return it.scrub(next(say() for kind, say in sayings if isinstance(exc, kind)))


def _login_refused(exc: Exception) -> bool:
    if isinstance(exc, AuthenticationException):  # CredSSP without an answer to one of its steps
        return "after step Authentication" in str(exc)
    return isinstance(exc, (AuthenticationError, NTStatusException))


def login_refused(it: Settings) -> str:
    """What a refused login means, with the remedy."""
    if it.transport == "certificate":
        return (
            f"login refused for the certificate {it.cert_pem}. Map it to an account of the node (winrm enumerate "
            "winrm/config/service/certmapping), and allow logins by certificate (winrm get winrm/config/service/auth)."
        )
    return (
        f"login refused for {it.user} ({it.transport}). Check ansible_user (DOMAIN\\user or user@domain) and "
        "ansible_password; a locked, disabled or expired account is refused the same way."
    )


def remedy(exc: Exception, it: Settings) -> str:
    """What to do about a login or a shell that did not come about; empty where nobody knows."""
    if _is_kerberos(exc):
        return _kerberos_remedy(_kerberos_reason(exc), it)
    if _is_network(exc) and not isinstance(exc, requests.exceptions.SSLError):
        return (
            f"Check that the node is up, that its firewall lets TCP {it.port} in, and that WinRM has a listener there "
            "(winrm enumerate winrm/config/listener); WinRM 1.1 listens on port 80 (ansible_port)."
        )
    remedies: tuple[tuple[Any, Callable[[], str]], ...] = (
        (requests.exceptions.SSLError, lambda: _tls_remedy(str(exc))),
        (AuthenticationException, lambda: _credssp_remedy(str(exc))),
        (WSManFaultError, lambda: _fault_remedy(exc, it)),
        (
            WinRMTransportError,
            lambda: "Check ansible_port and ansible_winrs_path: this may be another web server.",
        ),
        (
            WinRMError,
            lambda: f"Give the Python that runs Ansible what this needs: pip install 'pywinrm[{it.transport}]'.",
        ),
    )
    return next((say() for kind, say in remedies if isinstance(exc, kind)), "")


def _fault_remedy(exc: Any, it: Settings) -> str:
    if _ACCESS_DENIED in _codes(exc):
        return f"Make {it.user} a local administrator of the node."
    if _NO_RESOURCE in _codes(exc):
        return f"This WinRM calls its shell otherwise than {it.resource_uri}. Set ansible_winrs_resource_uri."
    return ""


def _credssp_remedy(text: str) -> str:
    if "TLS Handshake" in text:
        return "For nodes without TLS 1.2 set ansible_winrs_credssp_disable_tlsv1_2: true."
    return (
        'Enable CredSSP on the node (winrm set winrm/config/service/auth @{CredSSP="true"}; it needs WinRM 2.0 and '
        "Windows Server 2008), or use another ansible_winrs_transport."
    )


def _is_kerberos(exc: Exception) -> bool:
    # Classes of pywinrm's private copy of requests-kerberos, which is there only with pykerberos.
    return type(exc).__name__ in ("KerberosExchangeError", "MutualAuthenticationError")


def _kerberos_reason(exc: Exception) -> str:
    """What the mechanism said, without what GSSAPI says of every failure."""
    said = _KERBEROS_SAYS.findall(str(exc))
    return "".join(said[-1]) if said else str(exc)


def _kerberos_remedy(reason: str, it: Settings) -> str:
    if "not found in Kerberos database" in reason:
        return (
            "The name of the node in its realm is needed: connect by it (ansible_host), or set "
            "ansible_winrs_kerberos_hostname_override."
        )
    if it.own_ticket:
        return ""
    return f"Get a ticket (kinit {it.user or 'user@REALM'}) as the user who runs Ansible, or set ansible_password."


def _network_reason(exc: Exception, it: Settings) -> str:
    if isinstance(exc, requests.exceptions.ReadTimeout):
        return f"silent for {it.read_timeout} s"
    if isinstance(exc, requests.exceptions.ConnectTimeout):
        return f"no connection within {it.read_timeout} s"
    tls = _TLS_REASON.search(str(exc))
    if tls:
        why = _UNVERIFIED.search(str(exc))
        return f"TLS: {tls.group(1) or tls.group(2).strip()}" + (f", {why.group(1).rstrip('.')}" if why else "")
    found = _ERRNO.search(str(exc))
    return found.group(1).strip().lower() if found else "the connection broke"


def _is_network(exc: Exception) -> bool:
    # pywinrm's Kerberos raises subclasses of its own for a failed login; those aren't silence.
    return isinstance(exc, requests.RequestException) and type(exc).__module__.startswith("requests.")


def _is_silence(exc: Exception) -> bool:
    """Whether waiting may help: nobody listens. A name without an address and a TLS that fails stay as they are."""
    settled = isinstance(exc, requests.exceptions.SSLError) or _NO_ADDRESS.search(str(exc))
    kinds = (requests.exceptions.ConnectionError, requests.exceptions.Timeout)
    return isinstance(exc, kinds) and _is_network(exc) and not settled


def _tls_remedy(text: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"{_certificate_remedy(text)}, or set ansible_winrs_server_cert_validation: ignore."
    if any(word in text for word in _OWN_FILES):
        return (
            "Check the PEM files on the controller: ansible_winrs_cert_pem, its key in ansible_winrs_cert_key_pem, and "
            "ansible_winrs_ca_trust_path."
        )
    if "WRONG_VERSION_NUMBER" in text:
        return "This port does not speak https. Correct ansible_port, or set ansible_winrs_scheme: http."
    return (
        "Windows Server 2008 speaks TLS 1.0 (ansible_winrs_legacy_tls: true), 2003 nothing that Python still knows: "
        "use ansible_winrs_scheme: http, where messages are encrypted all the same."
    )


def _certificate_remedy(text: str) -> str:
    if "not valid for" in text:
        return (
            "Connect by the name in the certificate (ansible_host), or give the node one with a subject alternative "
            "name: Python does not look at the common name"
        )
    if "expired" in text or "not yet valid" in text:
        return "Renew the node's certificate, or correct the controller's clock"
    return "Give the certificate authority in ansible_winrs_ca_trust_path"


def protocol_arguments(it: Settings) -> dict[str, Any]:
    """What pywinrm's Protocol is built with; nothing comes from the environment (sources.md: environment)."""
    return {
        "endpoint": it.endpoint,
        "transport": "basic" if it.basic else it.transport,
        "username": it.user,
        "password": it.password,
        "cert_pem": it.cert_pem,
        "cert_key_pem": it.cert_key_pem,
        "server_cert_validation": it.server_cert_validation,
        "ca_trust_path": it.ca_trust_path,
        "kerberos_delegation": it.kerberos_delegation,
        "kerberos_hostname_override": it.kerberos_hostname_override,
        "credssp_disable_tlsv1_2": it.credssp_disable_tlsv1_2,
        "message_encryption": "always" if it.sealed else "never",
        "operation_timeout_sec": it.operation_timeout,
        "read_timeout_sec": it.read_timeout,
        "proxy": None,
    }


def _lower_credssp(auth: Any) -> None:
    log_in = auth.handle_401

    def log_in_lowered(response: Any, **kwargs: Any) -> Any:
        with old_tls_in_credssp():
            return log_in(response, **kwargs)

    auth.handle_401 = log_in_lowered


def _use_resource_uri(protocol: Any, uri: str) -> None:
    """pywinrm's six methods name the shell's resource URI themselves; all of them ask this one for their header."""
    build = protocol.build_wsman_header

    def build_with_uri(*args: Any, **kwargs: Any) -> dict[str, Any]:
        header: dict[str, Any] = build(*args, **kwargs)
        header["env:Header"]["w:ResourceURI"]["#text"] = uri
        return header

    protocol.build_wsman_header = build_with_uri


class Connection(ConnectionBase):  # type: ignore[misc]
    """What Ansible and the bridge of this collection talk to."""

    transport = "mailops.exchange2007.winrs"
    has_pipelining = False
    allow_executable = False
    module_implementation_preferences = ("",)
    _shell_type = "cmd"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wire: Wire | None = None

    def _connect(self) -> Connection:
        self._opened().open()
        self._connected = True
        return self

    def _opened(self) -> Wire:
        """The wire to where the options lead now: core keeps one connection object through a loop, and compares only
        the address, so that two nodes behind one address (port forwarding) would share the first one's shell."""
        settings = self._settings()
        if self._wire is not None and self._wire.settings != settings:
            self.close()
        if self._wire is None:
            self._wire = Wire(settings)
        return self._wire

    def _settings(self) -> Settings:
        if LIBRARY_MISSING is not None:
            raise AnsibleError(
                f"The connection mailops.exchange2007.winrs needs pywinrm 0.5.0 or later ({LIBRARY_MISSING}). "
                "Install it for the Python that runs Ansible: pip install 'pywinrm>=0.5.0'"
            )
        settings = settings_from(self.get_options())
        refuse_settings(settings)
        if settings.legacy_tls and settings.scheme == "https":
            display.warning(f"{settings.where}: legacy_tls lets this connection go down to TLS 1.0 with old ciphers.")
        return settings

    def credentials(self) -> tuple[str, str | None]:
        """User and password that this connection logs in with; the password is None when it has none."""
        user, password = plain(self.get_option("remote_user")), plain(self.get_option("remote_password"))
        return user or "", password

    def execute(
        self, line: str, in_data: bytes | None, timeout: float, hear: Callable[[bytes], None] | None = None
    ) -> tuple[int, bytes, bytes]:
        """Run a cmd.exe command line for at most timeout seconds: exit code, stdout, stderr (both in UTF-8).

        in_data goes to its standard input, which is closed then; None leaves it alone. hear gets standard output while
        the command runs, as the node wrote it. Raises AnsibleError for a line
        that can't be sent, AnsibleConnectionFailure when nothing was started, and CommandEndUnknown when a command may
        have begun and its end is unknown.
        """
        plain = str.__str__(line)
        refuse_line(plain)
        data = None if in_data is None else bytes(in_data)
        rc, stdout, stderr = self._opened().execute(plain, data, float(timeout), hear)
        self._connected = True
        return rc, self._utf8(stdout), self._utf8(stderr)

    def _utf8(self, raw: bytes) -> bytes:
        return raw.decode(f"cp{int(self.get_option('codepage'))}", "replace").encode()

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command line of `raw`, or refuse one that core sends for a module that cannot run here."""
        del sudoable
        refuse_powershell(cmd)
        if self.become is not None:
            raise AnsibleError(
                "become does not work over mailops.exchange2007.winrs: there is nothing on the node to become another "
                "user with. Set become: false, and log in with the account you need (ansible_user)."
            )
        return self.execute(cmd.rstrip("\r\n"), in_data, float(self.get_option("command_timeout")))

    def put_file(self, in_path: str, out_path: str) -> None:
        """Refused: core would need PowerShell or Python on the node for the rest of such a task."""
        raise AnsibleError(f"Cannot put {in_path} to {out_path} this way; use mailops.exchange2007.node_file.")

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Refused, as put_file is."""
        raise AnsibleError(f"Cannot fetch {in_path} to {out_path} this way; use mailops.exchange2007.node_file.")

    def reset(self) -> None:
        """Drop shell and login; the next command makes new ones."""
        self.close()

    def close(self) -> None:
        """Give the shell back to the node. Never raises."""
        wire, self._wire = self._wire, None
        self._connected = False
        if wire is not None:
            wire.close()
