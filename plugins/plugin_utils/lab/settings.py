# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""What a topology can tune: how long things take, and what nobody knows for sure (exchange.md 11)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Durations:
    """Lab seconds. exchange.md 9 no. 17: no durations are known, these are plausible ones."""

    boot: float = 240.0  # from power on until WinRM answers
    power_down: float = 30.0  # from the end of the shutdown countdown until the power is off
    service_start: float = 5.0
    service_stop: float = 3.0
    service_recovery: float = 60.0  # the Service Control Manager restarts ClusSvc after it gave up
    autostart: float = 20.0  # from the first WinRM answer until the automatic services start
    cluster_join: float = 25.0  # from the start of ClusSvc until the node is up
    failure_detection: float = 8.0  # from the death of a node until its mates act
    group_move: float = 20.0
    group_online: float = 10.0
    group_offline: float = 5.0
    cms_start: float = 45.0
    cms_stop: float = 30.0
    cms_move: float = 60.0
    cms_fail: float = 15.0  # until Exchange resources on the wrong bits are seen to fail
    copy_initializing: float = 45.0
    copy_settle: float = 150.0  # from a move or a restart until the copies are really healthy
    setup_start: float = 20.0
    setup_copy: float = 60.0
    setup_checks: float = 90.0
    setup_organization: float = 240.0  # schema and directory
    setup_domain: float = 45.0
    setup_prepare: float = 60.0
    setup_remove: float = 240.0
    setup_prepare_files: float = 120.0
    setup_files: float = 420.0
    setup_mailbox: float = 540.0
    setup_tools: float = 60.0
    setup_finish: float = 60.0
    setup_cms_checks: float = 30.0
    setup_cms: float = 170.0
    powershell: float = 4.0
    wmic: float = 1.0
    cluster: float = 0.3
    reg: float = 0.1
    sc: float = 0.1
    schtasks: float = 0.5
    directory: float = 0.2  # one bind to Active Directory, or one search in it
    servermanagercmd: float = 6.0  # until it knows what is installed
    feature: float = 15.0  # installing or removing one role service or feature
    move_mailbox: float = 4.0  # moving a mailbox of any size
    move_megabyte: float = 0.25  # and each megabyte of it
    move_lock: float = 300.0  # the store keeps a mailbox locked after its move died
    folder_replication: float = 300.0  # until the content of a public folder begins to come, and between its pieces
    folder_megabyte: float = 2.0  # and each megabyte of it
    msiexec: float = 25.0


@dataclass(frozen=True)
class Knobs:
    """What the reference does not know; every default is a row of ASSUMPTIONS.md."""

    upgrade_cms_starts: bool = False  # /upgradecms leaves the CMS online
    setup_wraps: bool = True  # Setup's output wraps at 80 columns even when redirected
    setup_redraws: str = "backspace"  # backspace, carriage_return or none
    setup_restarts_winrm: bool = True
    setup_checks_groups: bool = False  # the prerequisite check refuses a node that owns groups
    setup_fails_on_open_files: bool = False  # Performance Logs and Alerts running makes Setup fail
    restart_pending_after_upgrade: bool = True
    setup_exit_code: str = "honest"  # honest, always_0 or always_1
    setup_success_sentence: bool = True
    cms_key: str = "ClusteredMailboxServer"  # or CMS
    state_words: str = "joined"  # PartiallyOnline, or spaced: Partially Online
    cmdlets_across_versions: str = "work"  # or refuse
    cmdlet_network_logon: str = "works"  # whether the Exchange cmdlets reach the directory over WinRM; or denied
    restart_blocks_features: bool = True  # ServerManagerCmd ends with 1001 while one of its own restarts is pending
    feature_query_encoding: str = "utf-8"  # of the file that ServerManagerCmd -query writes; or utf-16
    orphaned_restart_marks: bool = False  # a restart does not clear the marks
    store_network_logon: str = "denied"  # whether the stores of other servers are reached over WinRM; or works
    replica_names: str = "full"  # .Replicas shows SERVER\GROUP\DATABASE, or with "name" only DATABASE
    move_failed_objects: bool = True  # Move-Mailbox puts an object out for a mailbox that failed, too
    jitter: float = 0.0  # everything that happens later comes up to this part of its time sooner or later
