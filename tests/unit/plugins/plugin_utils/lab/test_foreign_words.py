# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a foreign Windows no program prints an English word: only names, ids and what Windows never translates."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab import cmd
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.launch import CRASHED
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.cmd.streams import BufferSink, BytesStdin
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.features import catalogue
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.programs import _MODULES, PROGRAMS
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.setup_faults import SETUP_FAULTS
from ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab.world import Host
from ansible_collections.mailops.exchange2007.tests.unit.plugins.plugin_utils.lab.upgrade_lab import (
    BATCH,
    NETWORK,
    Lab,
    Result,
    lab,
    shipped,
    two_nodes,
)

_DIGITS = re.compile(r"0x[0-9a-f]+|\b\w*\d\w*\b", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+")
SHELL = r'powershell -PSConsoleFile "C:\Program Files\Microsoft\Exchange Server\bin\exshell.psc1" -Command '

# What Windows prints in every language, by the program that prints it (windows-cli.md 5).
FIXED = {
    "cluster": """AutoFailbackType Description FailoverPeriod FailoverThreshold Name NodeName PersistentState
        RestartAction Type SR xa""",
    "cmd": "Microsoft Windows DIR Documents and Settings Program Files Users Temp WINDOWS",
    "certutil": "WIN EncodeToFile",
    "ping": "ms",
    "powershell": """Windows PowerShell Name Id Path ProcessName DisplayName Status Running System CSName BuildNumber
        LastBootUpTime LocalDateTime OSLanguage SystemDirectory Version ServicePackMajorVersion ServicePackMinorVersion
        WINDOWS system cmd PM AM Online Active Quorum Owner OperationalMachines ClusteredMailboxServerName
        FailedResources State StopReason DC MoveCommen FailedReplicationHostNames InUseReplicationHostNames
        OperationalReplicationHostNames PowerShell exe PSConsoleFile file version NoLogo NoExit NoProfile
        NonInteractive OutputFormat Text XML InputFormat Command script block args arg array string CommandParameters
        Help""",
    "reg": "REG EXE VERSION HKEY LOCAL MACHINE SOFTWARE Microsoft Updates DWORD SZ UpdateExeVolatile",
    "sc": """SC WIN OWN PROCESS RUNNING STOPPED STOP START PENDING STOPPABLE NOT PAUSABLE ACCEPTS IGNORES SHUTDOWN AUTO
        DEMAND NORMAL LocalSystem WINDOWS system exe OpenService StartService ControlService OpenSCManager
        EnumQueryServicesStatus GetServiceConfig QueryServiceConfig ChangeServiceConfig""",
    "dsquery": "dsquery type rangeUpper objectVersion DC CN",
    "schtasks": "NT AUTHORITY SYSTEM hostname",
    "servermanagercmd": """query xml file logPath log txt inputPath answer resultPath result restart whatIf install Id
        allSubFeatures setting Name Value remove help version ServerManagerCmd exe""",
    "exsetup": "http support microsoft com PrepareSchema",
    "tasklist": "System Idle Process Services cmd exe csrss lsass services smss svchost winlogon",
    "winrm": """Config Client Auth Basic Digest Kerberos Negotiate Certificate CredSSP DefaultPorts HTTP HTTPS IPv
        TrustedHosts Service RootSDDL Winrs AllowRemoteShellAccess Listener Address Transport Port Hostname Enabled
        URLPrefix wsman CertificateThumbprint ListeningOn ProtocolVersion ProductVersion SecurityProfiles OS SP Stack
        true false MaxBatchItems MaxEnvelopeSizekb MaxTimeoutms MaxProviderRequests NetworkDelayms AllowUnencrypted
        URLPrefix MaxConcurrentOperations MaxConcurrentOperationsPerUser EnumerationTimeoutms MaxConnections
        MaxPacketRetrievalTimeSeconds CbtHardeningLevel Relaxed Filter IdleTimeout MaxConcurrentUsers MaxShellRunTime
        MaxProcessesPerShell MaxMemoryPerShellMB MaxShellsPerUser NSG BAD GA BA FA GWGX AU WD SA""",
    "wmic": """Microsoft Windows Server Enterprise Edition WMI Node Running Stopped Name State cmd exe Code Facility
        Caption Version""",
}

# Program -> typical commands. {n1} is this node, {n2} its mate, {cms} the mailbox server, {media} a folder.
LINES = {
    "cluster": r"""
        cluster node
        cluster group
        cluster res
        cluster group "Cluster Group" /status
        cluster group nosuch
        cluster /?
        cluster nonsense
        cluster group "Cluster Group" /listowners
        cluster node {n2} /pause
        cluster group "Cluster Group" /moveto:{n2}
        cluster node {n2} /resume
        cluster node {n2} /resume
        cluster group "Cluster Group" /moveto:{n1} /wait:30
        cluster group "Cluster Group" /offline /wait:30
        cluster group "Cluster Group"
        cluster group "Cluster Group" /online /wait:30
        cluster /ver
        cluster /list
        cluster /quorum
        cluster group /prop
        cluster group "Cluster Group" /priv
        cluster node /prop
        cluster res /prop
        cluster node {n1} /stop
        cluster group
        cluster /cluster:NOWHERE node""",
    "wmic": r"""
        wmic os get Caption,Version
        wmic os get Caption /value
        wmic /namespace:\\root\MSCluster path MSCluster_ResourceGroup get Name,State
        wmic nosuch list
        wmic os get nosuch
        wmic path Win32_Service where "Name='nosuch'" get Name
        wmic /namespace:\\root\nosuch path X get Y
        wmic service get Name,State
        wmic os frob
        wmic os get Version /format:csv
        wmic process get Name
        wmic /?""",
    "reg": r"""
        reg query HKLM\SOFTWARE\nosuch
        reg query HKLM\SOFTWARE\Microsoft\Updates
        reg query
        reg /?
        reg query HKLM\SOFTWARE\Microsoft\Updates /ve
        reg add HKLM\SOFTWARE\T /v A /d 1 /f
        reg add HKLM\SOFTWARE\T /v A /d 1
        reg add HKLM\SOFTWARE\T /t REG_NOPE /v x /d 1 /f
        reg delete HKLM\SOFTWARE\T /v A
        reg delete HKLM\SOFTWARE\T /f""",
    "sc": r"""
        sc
        sc query
        sc query state= all
        sc query winrm
        sc query nosuch
        sc stop nosuch
        sc start winrm
        sc stop spooler
        sc qc winrm
        sc config spooler start= nonsense
        sc config spooler start= demand
        sc queryex spooler
        sc \\NOWHERE query""",
    "shutdown": r"""
        shutdown
        shutdown /a
        shutdown /r /t 500
        shutdown /r /t 500
        shutdown /a
        shutdown /frob""",
    "schtasks": r"""
        schtasks
        schtasks /query
        schtasks /create /tn T /tr hostname /sc once /st 23:59 /ru SYSTEM
        schtasks /query
        schtasks /query /v /fo csv
        schtasks /query /v /fo list
        schtasks /run /tn T
        schtasks /query /fo table
        schtasks /end /tn T
        schtasks /create /tn T /tr hostname /sc once /st 23:59 /ru SYSTEM
        schtasks /create /tn U /tr hostname /sc once /st 00:00 /ru LAB\upgrade /rp wrong
        schtasks /delete /tn T
        schtasks /delete /tn T /f
        schtasks /delete /tn nosuch /f
        schtasks /run /tn nosuch
        schtasks /create /tn
        schtasks /frob
        schtasks /create /?""",
    "net": r"""
        net
        net start
        net start nosuch
        net stop spooler
        net stop spooler
        net start spooler
        net start spooler
        net helpmsg 5
        net helpmsg 5010
        net helpmsg 99999""",
    "ping": "ping -n 1 localhost\nping -n 1 nosuchhost\nping -n 1 -w 10 {n2}",
    "hostname": "hostname",
    "whoami": "whoami\nwhoami /frob",
    "chcp": "chcp\nchcp 99999",
    "timeout": "timeout /t 1",
    "tasklist": 'tasklist\ntasklist /fo csv\ntasklist /v\ntasklist /fi "imagename eq nosuch.exe"',
    "taskkill": "taskkill\ntaskkill /pid 99999\ntaskkill /im nosuch.exe /f",
    "find": 'find\nfind "x" C:\\NOSUCH.TXT\nfind /c "x" C:\\WINDOWS',
    "findstr": "findstr\nfindstr x C:\\nosuch.txt",
    "sort": "sort C:\\nosuch",
    "more": "more C:\\nosuch",
    "fc": r"""
        echo 12>C:\A
        echo 13>C:\B
        fc C:\A
        fc C:\A C:\B
        fc /b C:\A C:\B
        fc C:\A C:\A
        fc C:\A C:\NOSUCH""",
    "certutil": r"""
        echo abc>C:\a
        certutil
        certutil -encode C:\a C:\b
        certutil -encode C:\a C:\b
        certutil -decode C:\b C:\c
        certutil -hashfile C:\nosuch
        certutil -frob""",
    "dsquery": r"""
        dsquery * -attr objectVersion
        dsquery * CN=nosuch
        dsquery user""",
    "attrib": "attrib C:\\nosuch\nattrib +q C:\\nosuch",
    "winrm": r"""
        winrm
        winrm id
        winrm get winrm/config
        winrm get winrm/nosuch
        winrm quickconfig
        winrm enumerate winrm/config/listener
        winrm frob""",
    "cmd": r"""
        ver
        vol
        dir C:\
        dir C:\nosuch
        cd C:\nosuch
        type C:\nosuch
        echo a>C:\a
        copy C:\a C:\b
        copy C:\a C:\a
        copy C:\nosuch C:\x
        move C:\b C:\c
        del C:\nosuch
        del C:\c /p
        ren C:\nosuch x
        ren C:\a
        md C:\Temp
        rd C:\nosuch
        rd C:\WINDOWS
        rd /s C:\Temp
        if
        if x
        nosuch
        goto
        set nosuch
        set /a 1+
        set /a 1/0
        echo
        verify
        date /t
        time /t
        date
        echo %date% %time%
        pause
        for
        for %x in
        | x
        echo a > C:\nosuch\x
        pushd C:\nosuch
        copy /frob
        call :x
        x:
        help""",
    "powershell": rf"""
        powershell -frob
        powershell -PSConsoleFile C:\nosuch.psc1 -Command 1
        powershell -Command "nosuch"
        powershell -Command "Get-Item C:\nosuch"
        powershell -Command "1/0"
        powershell -Command "'a' +"
        powershell -Command "throw 'x'"
        powershell -Command "Get-Date"
        powershell -Command "[int]'x'"
        powershell -Command "Write-Warning abc"
        powershell -Command "Get-Service nosuch"
        powershell -Command "Get-Process"
        powershell -Command "Get-WmiObject nosuch"
        powershell -Command "Get-WmiObject Win32_OperatingSystem"
        powershell -Command "Get-Item"
        powershell -Command "Get-Item -Frob"
        powershell -Command "Stop-Service spooler -WhatIf"
        powershell -Command "Add-PSSnapin nosuch"
        powershell -Command "[nosuch]::x"
        {SHELL}"Get-ClusteredMailboxServerStatus -Identity {{cms}}"
        {SHELL}"Get-ClusteredMailboxServerStatus -Identity nosuch"
        {SHELL}"Move-ClusteredMailboxServer {{cms}} -TargetMachine nosuch -MoveComment x -Confirm:$false"
        {SHELL}"Stop-ClusteredMailboxServer {{cms}} -StopReason x"
        {SHELL}"Stop-ClusteredMailboxServer {{cms}} -StopReason x -WhatIf"
        {SHELL}"Start-ClusteredMailboxServer {{cms}} -Confirm:$false"
        {SHELL}"Stop-ClusteredMailboxServer {{cms}}"
        {SHELL}"Stop-ClusteredMailboxServer {{cms}} -StopReason x -Confirm:$false"
        {SHELL}"Stop-ClusteredMailboxServer {{cms}} -StopReason x -Confirm:$false" """,
    "exsetup": r"""
        {media}\Setup.com /frob
        {media}\Setup.com
        {media}\Setup.com /m:upgrade /dc:nosuch
        {media}\Setup.com /upgradecms
        {media}\Setup.com /prepareschema
        {media}\Setup.com /m:upgrade
        {media}\Setup.com /m:upgrade
        {media}\Setup.com /upgradecms""",
    "servermanagercmd": r"""
        ServerManagerCmd
        ServerManagerCmd -version
        ServerManagerCmd -query
        ServerManagerCmd -query C:\q.xml
        ServerManagerCmd -install nosuch
        ServerManagerCmd -install Telnet-Client -whatIf
        ServerManagerCmd -install Telnet-Client
        ServerManagerCmd -install Telnet-Client
        ServerManagerCmd -remove Telnet-Client
        ServerManagerCmd -install BitLocker -whatIf
        ServerManagerCmd -install BitLocker
        ServerManagerCmd -install GPMC
        ServerManagerCmd -p C:\nosuch.xml
        ServerManagerCmd -p C:\q.xml
        ServerManagerCmd -install BitLocker -restart
        ServerManagerCmd -frob""",
}
NOT_PLAYED = {"msiexec"}
FAMILIES: dict[str, Callable[[], Lab]] = {
    "2003": lambda: shipped("ccr-2003-rtm-foreign"),
    "2008": lambda: lab({**two_nodes("sp1", "2008"), "windows": {"family": "2008", "language": "xx"}}),
}
CASES = [
    (family, program)
    for family in FAMILIES
    for program in LINES
    if (family, program) not in (("2003", "servermanagercmd"), ("2003", "timeout"))
]


def english(text: str) -> set[str]:
    """Words without a single accent: pseudo-localisation leaves none of two letters or more."""
    plain = _DIGITS.sub(" ", text.replace("_", " "))
    return {word for word in _LETTERS.findall(plain) if word.isascii() and len(word) > 1}


def names_of(it: Lab, host: Host) -> set[str]:
    """Every word of a name in this world."""
    names = [*it.world.hosts, it.world.directory.domain, host.domain, "upgrade", *it.world.directory.controllers]
    names += [host.name for host in it.world.hosts.values()]
    names += [service.name for service in host.services.values()]
    for cluster in it.world.clusters.values():
        names += [cluster.name, *(cms.name for cms in cluster.mailbox_servers)]
        for group in cluster.groups:
            names += [group.name, *(part for r in group.resources for part in (r.name, r.type))]
    names += [feature.id for feature in catalogue(host.windows).all()]
    return english(" ".join(names))


def say(it: Lab, host: str, line: str) -> Result:
    """Run a line with the host's own code page."""
    logon = BATCH if "Setup.com" in line else NETWORK
    out, err = BufferSink(), BufferSink()
    proc = cmd.start(it.host(host), line, logon, stdin=BytesStdin(), stdout=out, stderr=err, codepage="cp850")
    while proc.exit_code is None:
        it.wait(1.0)
    return Result(proc.exit_code, out.data.decode("cp850"), err.data.decode("cp850"))


def untranslated(it: Lab, host: str, line: str, program: str) -> set[str]:
    """The English words that a line makes a program print, apart from names and what is fixed."""
    done = say(it, host, line)
    assert done.rc != CRASHED, line
    allowed = english(line) | names_of(it, it.host(host)) | english(FIXED.get(program, ""))
    return english(done.out + done.err) - allowed


@pytest.mark.parametrize(("family", "program"), CASES)
def test_no_english_word(family: str, program: str) -> None:
    it = FAMILIES[family]()
    mine, mate = (host.name for host in it.cluster.members)
    media = r"D:\media\sp2"
    found = {}
    for pattern in LINES[program].strip().splitlines():
        line = pattern.strip().format(n1=mine, n2=mate, cms=it.cms.name, media=media)
        found[line] = untranslated(it, mine, line, program)
    assert {line: words for line, words in found.items() if words} == {}


@pytest.mark.parametrize("name", sorted(set(SETUP_FAULTS) - {"setup_hangs"}))
def test_no_english_word_when_setup_fails(name: str) -> None:
    it = FAMILIES["2003"]()
    it.world.faults.inject(name, {})
    found = untranslated(it, "KNOTEN1", r"D:\media\sp2\Setup.com /m:upgrade", "exsetup")
    assert found - {"exchangeserver", "msi"} == set()


@pytest.mark.parametrize("name", ["denied", "garbage", "exit"])
def test_no_english_word_from_a_fault(name: str) -> None:
    it = FAMILIES["2003"]()
    it.world.faults.inject(name, {"program": "sc"})
    assert untranslated(it, "KNOTEN1", "sc query", "") == set()


def test_every_program_is_looked_at() -> None:
    assert set(_MODULES) == set(LINES) | NOT_PLAYED
    assert set(_MODULES) <= set(PROGRAMS)


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("date /t", r"\d\d\.\d\d\.\d{4} \r\n"),
        ("time /t", r"\d\d:\d\d\r\n"),
        ("dir C:\\boot.ini", r"(?s).*\d\d\.\d\d\.\d{4}  \d\d:\d\d +1 boot\.ini.* \d+(\.\d{3})+ .*"),
        ("echo %DATE%", r"\d\d\.\d\d\.\d{4}\r\n"),
        (r"for %i in (C:\boot.ini) do @echo %~ti", r"\d\d\.\d\d\.\d{4} \d\d:\d\d\r\n"),
    ],
)
def test_dates_follow_the_culture(line: str, pattern: str) -> None:
    it = FAMILIES["2003"]()
    it.host("KNOTEN1").files.write(r"C:\boot.ini", b"x")
    assert re.fullmatch(pattern, say(it, "KNOTEN1", line).out)
