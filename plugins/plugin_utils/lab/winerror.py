# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""The system's own English texts for Win32 error numbers, as `net helpmsg N` prints them."""

from __future__ import annotations

_MESSAGES = {
    1: "Incorrect function.",
    2: "The system cannot find the file specified.",
    3: "The system cannot find the path specified.",
    5: "Access is denied.",
    6: "The handle is invalid.",
    13: "The data is invalid.",
    32: "The process cannot access the file because it is being used by another process.",
    53: "The network path was not found.",
    80: "The file exists.",
    87: "The parameter is incorrect.",
    112: "There is not enough space on the disk.",
    123: "The filename, directory name, or volume label syntax is incorrect.",
    145: "The directory is not empty.",
    183: "Cannot create a file when that file already exists.",
    193: "is not a valid Win32 application.",
    258: "The wait operation timed out.",
    267: "The directory name is invalid.",
    1006: "The volume for a file has been externally altered so that the opened file is no longer valid.",
    1051: "A stop control has been sent to a service that other running services are dependent on.",
    1056: "An instance of the service is already running.",
    1058: "The service cannot be started, either because it is disabled or because it has no enabled devices "
    "associated with it.",
    1060: "The specified service does not exist as an installed service.",
    1062: "The service has not been started.",
    1115: "A system shutdown is in progress.",
    1116: "Unable to abort the system shutdown because no shutdown was in progress.",
    1190: "A system shutdown has already been scheduled.",
    1326: "Logon failure: unknown user name or bad password.",
    1460: "This operation returned because the timeout period expired.",
    1717: "The interface is unknown.",
    1722: "The RPC server is unavailable.",
    1753: "There are no more endpoints available from the endpoint mapper.",
    5003: "The dependency entry could not be added because it already exists.",
    5004: "The cluster resource is not online.",
    5005: "A cluster node is not available for this operation.",
    5006: "The cluster resource is not available.",
    5007: "The cluster resource could not be found.",
    5010: "The operation could not be completed because the cluster resource is online.",
    5012: "The cluster group is not available.",
    5013: "The cluster group could not be found.",
    5014: "The cluster group is not online.",
    5015: "The operation failed because either the specified cluster node is not the owner of the resource, or the "
    "node is not a possible owner of the resource.",
    5016: "The operation failed because either the specified cluster node is not the owner of the group, or the "
    "node is not a possible owner of the group.",
    5018: "The cluster resource could not be brought online by the resource monitor.",
    5019: "The operation could not be completed because the cluster resource is online.",
    5022: "The cluster software is shutting down.",
    5023: "The group or resource is not in the correct state to perform the requested operation.",
    5036: "A cluster node is not available for this operation.",
    5037: "All cluster nodes must be running to perform this operation.",
    5041: "A cluster join operation is in progress.",
    5042: "The cluster node was not found.",
    5043: "The cluster local node information was not found.",
    5050: "The cluster node is down.",
    5051: "The cluster node is not reachable.",
    5052: "The cluster node is not a member of the cluster.",
    5058: "The cluster node is not paused.",
    5065: "The node is already a member of the cluster.",
    5070: "The cluster node is paused.",
    5071: "The owner node cannot run this resource.",
    5078: "The specified cluster resource type was not found.",
    5080: "The specified resource name is not supported by this resource DLL.",
    5082: "The operation failed because the specified node is not in the preferred owners list.",
}


def system_message(code: int) -> str | None:
    """The English sentence of a Win32 error number, or None when the lab doesn't know it."""
    return _MESSAGES.get(code)
