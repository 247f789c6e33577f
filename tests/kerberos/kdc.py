# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kerberos realm of one's own: MIT's KDC on a loopback port, with everything that it writes in one folder."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REALM = "LAB.EXAMPLE"
# program -> the Debian package that has it
PROGRAMS = {
    "krb5kdc": "krb5-kdc",
    "kdb5_util": "krb5-kdc",
    "kadmin.local": "krb5-admin-server",
    "kinit": "krb5-user",
    "krb5-config": "libkrb5-dev",
    "gcc": "gcc",
}
_PATIENCE = 10.0  # seconds until the KDC listens

_CLIENT = """\
[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
{realm} = {{
    kdc = 127.0.0.1:{port}
}}
"""

_SERVER = """\
[kdcdefaults]
kdc_listen = 127.0.0.1:{port}
kdc_tcp_listen = 127.0.0.1:{port}
[realms]
{realm} = {{
    database_name = {folder}/principals
    key_stash_file = {folder}/stash
    acl_file = {folder}/acl
    max_life = 1h
    supported_enctypes = aes256-cts:normal aes128-cts:normal
}}
[logging]
kdc = FILE:{folder}/kdc.log
default = FILE:{folder}/default.log
"""


def find(program: str) -> str | None:
    """Where a program is; Debian has the server's in sbin, which not every PATH names."""
    return shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))


def missing() -> list[str]:
    """The Debian packages to install before anything here works."""
    return sorted({package for program, package in PROGRAMS.items() if find(program) is None})


@dataclass(frozen=True)
class Realm:
    """A running realm. environment: what its clients and servers need."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def keytab(self) -> Path:
        """Keys of the services."""
        return self.folder / "keytab"

    @property
    def log(self) -> str:
        """What the KDC has written."""
        return (self.folder / "kdc.log").read_text(encoding="utf-8")

    def add_user(self, name: str, password: str) -> None:
        """A user who logs in by password."""
        self._manage(f'addprinc -pw "{password}" {name}')

    def add_service(self, name: str) -> None:
        """A service such as HTTP/host, whose key goes to the keytab."""
        self._manage(f"addprinc -randkey {name}", f"ktadd -k {self.keytab} {name}")

    def ticket(self, name: str, password: str, cache: Path, *options: str) -> dict[str, str]:
        """Log in by kinit into a cache; returns the environment that names it."""
        environment = {"KRB5CCNAME": f"FILE:{cache}"}
        self.run("kinit", *options, name, words=f"{password}\n", more=environment)
        return environment

    def run(self, program: str, *arguments: str, words: str = "", more: Mapping[str, str] | None = None) -> str:
        """Run a program of Kerberos to its end; what it said."""
        environment = {**os.environ, **self.environment, **(more or {})}
        command = [str(find(program)), *arguments]
        return subprocess.run(
            command, input=words, env=environment, check=True, capture_output=True, text=True, start_new_session=True
        ).stdout

    def _manage(self, *lines: str) -> None:
        self.run("kadmin.local", "-r", REALM, words="".join(f"{line}\n" for line in lines))


@contextmanager
def running(folder: Path) -> Iterator[Realm]:
    """A realm without principals but its own; its KDC ends with the block."""
    port = _free_port()
    (folder / "krb5.conf").write_text(_CLIENT.format(realm=REALM, port=port), encoding="utf-8")
    (folder / "kdc.conf").write_text(_SERVER.format(realm=REALM, port=port, folder=folder), encoding="utf-8")
    environment = {
        "KRB5_CONFIG": str(folder / "krb5.conf"),
        "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
        "KRB5_KTNAME": f"FILE:{folder / 'keytab'}",
        "KRB5RCACHEDIR": str(folder),
    }
    realm = Realm(folder, environment)
    realm.run("kdb5_util", "create", "-s", "-r", REALM, "-P", secrets.token_hex(16))
    kdc = subprocess.Popen(
        [str(find("krb5kdc")), "-n", "-r", REALM, "-P", str(folder / "kdc.pid")],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(kdc, port)
        yield realm
    finally:
        kdc.terminate()
        kdc.wait()


def _free_port() -> int:
    """A port that the kernel has free now: krb5kdc takes a number, not the kernel's choice."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _wait(kdc: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + _PATIENCE
    while kdc.poll() is None and time.monotonic() < end:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"krb5kdc does not listen on port {port} (exit code {kdc.poll()})")
