# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""Windows Installer of one computer: packages, products, and what it says of them in the registry.

The reference names Adminpak.msi and the codes 1625 and 1638 only (exchange.md 4.2, 8 T7); the other codes are those of
Microsoft's public list of Windows Installer error codes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .files import FileSystemError

if TYPE_CHECKING:
    from .process import Process
    from .world import Host

INVALID_DATA, ACCESS_DENIED = 13, 5
FAILURE = 1603  # ERROR_INSTALL_FAILURE
UNKNOWN_PRODUCT = 1605
ALREADY_RUNNING = 1618
NO_PACKAGE = 1619
INVALID_PACKAGE = 1620
REJECTED = 1625
WRONG_PLATFORM = 1633
OTHER_VERSION = 1638
INVALID_COMMAND_LINE = 1639
RESTARTS, NEEDS_RESTART = 1641, 3010

UNINSTALL = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
UNINSTALL_32 = r"HKLM\SOFTWARE\Wow6432Node\Microsoft\Windows\CurrentVersion\Uninstall"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\Installer"
_SYSTEM32 = r"C:\WINDOWS\system32"
_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of a compound file, which a package is
_MARK = b"lab package "
_64_BIT = ("2003", "2008")  # Exchange 2007 runs on 64-bit Windows; its admin computers are 32-bit ones


@dataclass(frozen=True)
class Package:
    """What an .msi installs. product: its code; line: packages of one product line exclude each other.

    programs: file below system32 -> played program. refusal: what its launch condition says on other Windows.
    """

    product: str
    name: str
    version: str
    line: str
    families: tuple[str, ...]
    platform: str = "Intel"
    size: int = 30 * 2**20
    programs: tuple[tuple[str, str], ...] = ()
    refusal: str = ""


_TOOLS = (("cluster.exe", "cluster"), ("dsquery.exe", "dsquery"), ("CluAdmin.exe", ""), ("dsa.msc", ""))
_ADMINPAK = (
    "The Windows Server 2003 Administration Tools Pack can only be installed on Windows XP Professional with Service "
    "Pack 1 or later, or on the Windows Server 2003 family."
)
# assumption: product codes, versions, and that Vista refuses (there are reports of an installation that half works)
PACKAGES = {
    "adminpak": Package(
        "{5E076CF2-EFED-43A2-A623-13E0D62EC7E0}",
        "Windows Server 2003 Service Pack 2 Administration Tools Pack",
        "5.2.3790.3959",
        "adminpak",
        ("xp", "2003"),
        programs=_TOOLS,
        refusal=_ADMINPAK,
    ),
    "adminpak-rtm": Package(
        "{EE9ED4C8-1B4D-4C3D-9A2A-0A43C1C2D2F0}",
        "Windows Server 2003 Administration Tools Pack",
        "5.2.3790.0",
        "adminpak",
        ("xp", "2003"),
        programs=_TOOLS,
        refusal=_ADMINPAK,
    ),
    "adminpak-x64": Package(
        "{2A1B6E4C-6BD8-4D0F-8E8B-5F0A1F9C7D11}",
        "Windows Server 2003 Service Pack 2 Administration Tools Pack",
        "5.2.3790.3959",
        "adminpak",
        ("2003",),
        "x64",
        programs=_TOOLS,
        refusal=_ADMINPAK,
    ),
    "other": Package(
        "{0D9C8B7A-1111-4222-8333-944455566677}",
        "Backup Agent",
        "4.1.0",
        "other",
        ("xp", "2003", "vista", "2008"),
    ),
}


class InstallerError(Exception):
    """Windows Installer refuses or fails; code as msiexec exits with it, text for its log."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass
class Installer:
    """products: what is installed, by product code in lower case.

    owner: the process that installs something now; busy_until: somebody else does, unseen, until then (lab seconds).
    in_use: the next installation finds files in use, so that a restart is needed.
    """

    host: Host = field(repr=False)
    products: dict[str, Package] = field(default_factory=dict)
    owner: Process | None = None
    busy_until: float = 0.0
    in_use: bool = False

    def names(self) -> list[str]:
        """The display names of what is installed."""
        return sorted(package.name for package in self.products.values())

    def place(self, path: str, package: str) -> None:
        """Put an .msi on the disk."""
        self.host.files.write(path, _MAGIC + _MARK + package.encode("ascii"))

    def read(self, path: str) -> Package:
        """The package in a file; InstallerError."""
        try:
            data = self.host.files.read(path)
        except FileSystemError as error:
            text = "This installation package could not be opened.  Verify that the package exists and that you can "
            raise InstallerError(NO_PACKAGE, text + "access it.") from error
        head, _mark, name = data.partition(_MARK)
        package = PACKAGES.get(name.decode("ascii", "replace"))
        if head != _MAGIC or package is None:
            text = "This installation package could not be opened.  Contact the application vendor to verify that "
            raise InstallerError(INVALID_PACKAGE, text + "this is a valid Windows Installer package.")
        return package

    def busy(self) -> bool:
        """Whether another installation is in progress."""
        running = self.owner is not None and self.owner.alive()
        return running or self.host.world.clock.now() < self.busy_until

    def check(self, package: Package) -> None:
        """What Windows Installer looks at before it begins; InstallerError."""
        if self.host.registry.get(POLICY, "DisableMSI") == 2:
            text = "This installation is forbidden by system policy.  Contact your system administrator."
            raise InstallerError(REJECTED, text)
        family = self.host.windows.family
        if package.platform == "x64" and family not in _64_BIT:
            text = "This installation package is not supported by this processor type.  Contact your product vendor."
            raise InstallerError(WRONG_PLATFORM, text)
        if self._other_version(package):
            text = (
                "Another version of this product is already installed.  Installation of this version cannot continue."
            )
            raise InstallerError(OTHER_VERSION, text)
        if family not in package.families:
            raise InstallerError(FAILURE, package.refusal)

    def _other_version(self, package: Package) -> bool:
        return any(p.line == package.line and p.product != package.product for p in self.products.values())

    def installed(self, package: Package) -> bool:
        """Whether exactly this is installed."""
        return package.product.lower() in self.products

    def install(self, package: Package, proc: Process | None) -> None:
        """The files and the registry of a product; InstallerError when the disk is full."""
        files = self.host.files
        if files.free_bytes < package.size:
            raise InstallerError(FAILURE, "There is not enough disk space on the volume 'C:' to continue. Error 1601.")
        for name, program in package.programs:
            if not files.exists(f"{_SYSTEM32}\\{name}"):
                files.add_program(f"{_SYSTEM32}\\{name}", program, package.version)
        self.products[package.product.lower()] = package
        key = self._key(package)
        values = {
            "DisplayName": package.name,
            "DisplayVersion": package.version,
            "Publisher": "Microsoft Corporation",
            "InstallDate": self.host.world.date().strftime("%Y%m%d"),
            "UninstallString": f"MsiExec.exe /X{package.product}",
        }
        for name, data in values.items():
            self.host.registry.set(key, name, data)
        if proc is not None:
            self.host.world.truth.effect(self.host, "product", "installed", f"{package.name} {package.version}", proc)

    def _key(self, package: Package) -> str:
        """On 64-bit Windows the registry of 32-bit programs is apart."""
        apart = package.platform != "x64" and self.host.windows.family in _64_BIT
        return f"{UNINSTALL_32 if apart else UNINSTALL}\\{package.product}"

    def remove(self, package: Package, proc: Process | None) -> None:
        """Take a product away; Windows' own files stay."""
        del self.products[package.product.lower()]
        self.host.registry.delete_key(self._key(package))
        for name, _program in package.programs:
            path = f"{_SYSTEM32}\\{name}"
            entry = self.host.files.entry(path)
            if entry is not None and entry.version == package.version:
                self.host.files.delete(path, force=True)
        self.host.world.truth.effect(self.host, "product", "removed", f"{package.name} {package.version}", proc)
