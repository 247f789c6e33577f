# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""How the played tools speak: English or pseudo-localised words, and the variants that the references leave open.

A program asks for the language of its host and says every sentence through it, names and numbers as arguments:

    words = language.of(proc.host)
    proc.out(words.text("Listing status for resource group '{name}':", name=typed))

Only what stands outside the braces is translated, word by word, each into one of the same length, so layouts stay as
they are. Never pass through text(): names, ids, registry types, numbers in C notation, the English state word of
`sc query`, names of WMI properties. Do pass: headings, titles, sentences, state words of cluster.exe.

World.language holds the knobs (and the code for whoever asks without a host); each host's Windows says its own code.
"""

from __future__ import annotations

import re
import string
import zlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .world import Host

# Letters of code page 850. Consonants and accented vowels take turns, so no result is a word of any language we read.
_CONSONANTS = "bcdfgklmnprstvzçñðþ"
_VOWELS = "áàâãäåæéèêëíìîïóòôõöøúùûüý"
_WORD = re.compile(r"\b[A-Za-z]+\b")
# In quotes (unless that is a sentence), in brackets, an address, a path, a drive
_NAME = re.compile(r"('[^']*'|\"(?:[^\"]*[^\".])?\"|\[[^\]]*\]|https?://\S+|\S*[\\<>]\S*|\b[A-Z]:)")

_CHOICES: dict[str, tuple[str, ...]] = {
    "cluster_error_stream": ("stdout", "stderr"),
    "cluster_exit_code": ("right", "one"),
    "cluster_pending": ("detailed", "plain"),
    "cluster_network_logon": ("denied", "works"),
    "wmic_mscluster": ("works", "fails", "empty"),
    "reg_separator": ("tab", "blanks"),
    "winrm": ("1.1", "2.0", "3.0"),
}


@dataclass(frozen=True)
class Knobs:
    """What no reference settles; each field is one question, its default our best guess (windows-cli.md 8).

    cluster_error_stream   stream of cluster.exe's "System error" lines
    cluster_exit_code      right: the Win32 number; one: 1 for every error
    cluster_error_hex      whether the hexadecimal part is printed
    cluster_wait_code      number when /wait runs out: 258, 1460 or 997
    cluster_pending        a pending group: detailed "Online Pending"/"Offline Pending", or plain "Pending"
    cluster_ruler_extra    columns are wider than the English ones by this many characters
    cluster_network_logon  whether another computer's cluster service accepts somebody who came over WinRM
    wmic_entities          references come with &quot; and &amp;
    wmic_style_sheets      False: /format: and /value end with 44210
    wmic_mscluster         namespace root\\MSCluster: works, fails (no such namespace), empty
    reg_separator          between name, type and data on XP/2003
    winrm                  the version whose figures `winrm get winrm/config` prints
    """

    cluster_error_stream: str = "stdout"
    cluster_exit_code: str = "right"
    cluster_error_hex: bool = True
    cluster_wait_code: int = 258
    cluster_pending: str = "detailed"
    cluster_ruler_extra: int = 0
    cluster_network_logon: str = "denied"
    wmic_entities: bool = False
    wmic_style_sheets: bool = True
    wmic_mscluster: str = "works"
    reg_separator: str = "tab"
    winrm: str = "2.0"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise ValueError(f"{name}: {value!r} is none of {', '.join(map(repr, choices))}")


@dataclass(frozen=True, eq=False)
class Language:
    """code 'en': as written; 'xx': every word is replaced by accented nonsense."""

    code: str = "en"
    knobs: Knobs = field(default_factory=Knobs)

    def text(self, english: str, /, **arguments: object) -> str:
        """The sentence in this language. Placeholders are str.format's ({name}, {name:<20}); {{ is a brace."""
        parts = []
        for literal, name, spec in _pieces(english):
            parts.append(literal if self.code == "en" else _translated(literal))
            if name is not None:
                parts.append(format(arguments[name], spec or ""))
        return "".join(parts)

    def label(self, english: str) -> str:
        """A label whose words hang together by underscores, such as START_TYPE."""
        return "_".join(self.text(word) for word in english.split("_"))

    def day(self, moment: datetime, english: str = "%m/%d/%Y") -> str:
        """A date; the other culture puts the day first."""
        # assumption: the pseudo-localised Windows has the regional settings of Central Europe
        return moment.strftime(english if self.code == "en" else "%d.%m.%Y")

    def clock(self, moment: datetime, english: str = "%I:%M %p") -> str:
        """A time of day; the other culture counts to 24."""
        return moment.strftime(english if self.code == "en" else "%H:%M")

    def sentence(self, english: str) -> str:
        """A sentence that has its names in it already: in quotes or brackets, as a path or an address."""
        if self.code == "en":
            return english
        parts = _NAME.split(english)
        return "".join(part if index % 2 else _translated(part) for index, part in enumerate(parts))


@lru_cache(maxsize=2048)
def _pieces(english: str) -> tuple[tuple[str, str | None, str | None], ...]:
    """Literal text, and the placeholder behind it with its format."""
    return tuple((literal, name, spec) for literal, name, spec, _conversion in string.Formatter().parse(english))


def of(host: Host) -> Language:
    """The language of one host, with the knobs of the lab."""
    return _speaking(host.world.language, host.windows.language)


@lru_cache(maxsize=256)
def _speaking(language: Language, code: str) -> Language:
    return replace(language, code=code)


@lru_cache(maxsize=4096)
def _translated(literal: str) -> str:
    return _WORD.sub(_foreign, literal)


def _foreign(match: re.Match[str]) -> str:
    """A word of the same length and the same capitals, always the same one for the same word."""
    word = match.group()
    seed = zlib.crc32(word.lower().encode())
    letters = []
    for place, letter in enumerate(word):
        alphabet = _VOWELS if place % 2 or len(word) == 1 else _CONSONANTS
        new = alphabet[seed % len(alphabet)]
        seed = seed * 69069 % 2**32 // 3 + 1
        letters.append(new.upper() if letter.isupper() else new)
    return "".join(letters)
