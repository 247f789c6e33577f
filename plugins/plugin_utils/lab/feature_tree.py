# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The roles, role services and features of Windows Server 2008 (windows-cli.md 3.4).

One a line, indented below what it belongs to: Id, '*' when it comes along with what it belongs to, '|', display name.
"""

# assumption: windows-cli.md 3.4 gives the Ids that Exchange needs; the rest of the tree, what comes along, what depends
# on what and what needs a restart are general knowledge of Windows Server 2008.
ROLES = """
Application-Server | Application Server
    AS-AppServer-Foundation * | Application Server Foundation
    AS-Web-Support | Web Server (IIS) Support
DHCP | DHCP Server
DNS | DNS Server
Fax | Fax Server
Print-Services | Print Services
    Print-Server * | Print Server
    Print-LPD-Service | LPD Service
Web-Server | Web Server (IIS)
    Web-WebServer * | Web Server
        Web-Common-Http * | Common HTTP Features
            Web-Static-Content * | Static Content
            Web-Default-Doc * | Default Document
            Web-Dir-Browsing * | Directory Browsing
            Web-Http-Errors * | HTTP Errors
            Web-Http-Redirect | HTTP Redirection
        Web-App-Dev | Application Development
            Web-Asp-Net | ASP.NET
            Web-Net-Ext | .NET Extensibility
            Web-ASP | ASP
            Web-CGI | CGI
            Web-ISAPI-Ext | ISAPI Extensions
            Web-ISAPI-Filter | ISAPI Filters
            Web-Includes | Server Side Includes
        Web-Health * | Health and Diagnostics
            Web-Http-Logging * | HTTP Logging
            Web-Log-Libraries | Logging Tools
            Web-Request-Monitor * | Request Monitor
            Web-Http-Tracing | Tracing
        Web-Security * | Security
            Web-Basic-Auth | Basic Authentication
            Web-Windows-Auth | Windows Authentication
            Web-Digest-Auth | Digest Authentication
            Web-Filtering * | Request Filtering
            Web-IP-Security | IP and Domain Restrictions
        Web-Performance * | Performance
            Web-Stat-Compression * | Static Content Compression
            Web-Dyn-Compression | Dynamic Content Compression
    Web-Mgmt-Tools * | Management Tools
        Web-Mgmt-Console * | IIS Management Console
        Web-Scripting-Tools | IIS Management Scripts and Tools
        Web-Mgmt-Service | Management Service
        Web-Mgmt-Compat | IIS 6 Management Compatibility
            Web-Metabase | IIS 6 Metabase Compatibility
            Web-WMI | IIS 6 WMI Compatibility
            Web-Lgcy-Scripting | IIS 6 Scripting Tools
            Web-Lgcy-Mgmt-Console | IIS 6 Management Console
"""

FEATURES = """
NET-Framework | .NET Framework 3.0 Features
    NET-Framework-Core * | .NET Framework 3.0
    NET-XPS-Viewer * | XPS Viewer
    NET-Win-CFAC | WCF Activation
        NET-HTTP-Activation | HTTP Activation
        NET-Non-HTTP-Activ | Non-HTTP Activation
BitLocker | BitLocker Drive Encryption
BITS | BITS Server Extensions
Desktop-Experience | Desktop Experience
Failover-Clustering | Failover Clustering
GPMC | Group Policy Management
Internet-Print-Client | Internet Printing Client
Multipath-IO | Multipath I/O
NLB | Network Load Balancing
RSAT | Remote Server Administration Tools
    RSAT-Role-Tools | Role Administration Tools
        RSAT-ADCS | Active Directory Certificate Services Tools
        RSAT-ADDS | Active Directory Domain Services Tools
            RSAT-ADDC * | Active Directory Domain Controller Tools
            RSAT-SNIS | Server for NIS Tools
        RSAT-ADLDS | Active Directory Lightweight Directory Services Tools
        RSAT-DHCP | DHCP Server Tools
        RSAT-DNS-Server | DNS Server Tools
        RSAT-Web-Server | Web Server (IIS) Tools
    RSAT-Feature-Tools | Feature Administration Tools
        RSAT-BitLocker | BitLocker Drive Encryption Tools
        RSAT-Clustering | Failover Clustering Tools
        RSAT-NLB | Network Load Balancing Tools
        RSAT-SMTP | SMTP Server Tools
RPC-over-HTTP-Proxy | RPC over HTTP Proxy
SMTP-Server | SMTP Server
SNMP-Services | SNMP Services
Telnet-Client | Telnet Client
Telnet-Server | Telnet Server
TFTP-Client | TFTP Client
PowerShell | Windows PowerShell
WAS | Windows Process Activation Service
    WAS-Process-Model * | Process Model
    WAS-NET-Environment | .NET Environment
    WAS-Config-APIs | Configuration APIs
Backup-Features | Windows Server Backup Features
    Backup * | Windows Server Backup
    Backup-Tools | Command-line Tools
"""

NEEDS = {
    "AS-AppServer-Foundation": ("NET-Framework-Core",),
    "AS-Web-Support": ("Web-Server", "NET-HTTP-Activation"),
    "BITS": ("Web-Server", "Web-Metabase", "RSAT-Web-Server"),
    "Backup-Tools": ("PowerShell",),
    "NET-HTTP-Activation": ("Web-Net-Ext", "WAS-NET-Environment", "WAS-Config-APIs"),
    "NET-Non-HTTP-Activ": ("WAS-NET-Environment", "WAS-Config-APIs"),
    "RPC-over-HTTP-Proxy": ("Web-Server", "Web-Metabase", "Web-Windows-Auth"),
    "SMTP-Server": ("Web-Server", "Web-Metabase", "RSAT-SMTP"),
    "WAS-NET-Environment": ("WAS-Process-Model",),
    "Web-Asp-Net": ("Web-ISAPI-Ext", "Web-ISAPI-Filter", "Web-Net-Ext"),
    "Web-Lgcy-Mgmt-Console": ("Web-Metabase",),
    "Web-Net-Ext": ("WAS-NET-Environment",),
    "Web-Server": ("WAS-Process-Model", "WAS-Config-APIs"),
    "Web-WMI": ("Web-Metabase",),
}
"""Id -> Ids that it does not run without."""

RESTART_TO_INSTALL = frozenset({"BitLocker", "Desktop-Experience", "Multipath-IO", "RSAT-ADDC"})
RESTART_TO_REMOVE = RESTART_TO_INSTALL | {"Failover-Clustering", "NLB", "RSAT-ADDS", "WAS"}
CLUSTER_EDITIONS = ("Enterprise", "Datacenter")

# exchange.md 10: what a mailbox cluster node needs; RSAT-ADDS where the schema or the directory is prepared.
MAILBOX_SERVER = (
    "PowerShell",
    "Web-Server",
    "Web-ISAPI-Ext",
    "Web-Metabase",
    "Web-Lgcy-Mgmt-Console",
    "Web-Basic-Auth",
    "Web-Windows-Auth",
)
DIRECTORY_TOOLS = "RSAT-ADDS"
