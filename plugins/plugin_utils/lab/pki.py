# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# FOR INTERNAL COLLECTION USE ONLY
"""A certificate authority of the lab's own: for https listeners, and for users who log in by certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Address

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError as exc:
    CRYPTOGRAPHY_MISSING: ImportError | None = exc
else:
    CRYPTOGRAPHY_MISSING = None

_DAYS = 7  # no lab lives longer
_ADDRESS = "127.0.0.1"
_BITS = 2048


@dataclass(frozen=True)
class Identity:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")

    @property
    def key_pem(self) -> str:
        form = serialization.PrivateFormat.PKCS8
        coded = self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        return coded.decode("ascii")

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate."""
        return self.certificate.fingerprint(hashes.SHA256())


class Authority:
    """Signs certificates; made anew for each lab."""

    def __init__(self) -> None:
        if CRYPTOGRAPHY_MISSING is not None:
            raise RuntimeError("https needs cryptography: pip install cryptography") from CRYPTOGRAPHY_MISSING
        self._key = rsa.generate_private_key(65537, _BITS)
        name = _name("Lab certificate authority")
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        self.certificate = (
            _builder(name, name, self._key)
            .add_extension(constraints, critical=True)
            .add_extension(_key_usage(signs=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def certificate_pem(self) -> str:
        return Identity(self.certificate, self._key).certificate_pem

    def server(self, name: str) -> Identity:
        """The certificate of an https listener, for the host's name and the loopback address."""
        names: list[x509.GeneralName] = [x509.DNSName(name), x509.IPAddress(IPv4Address(_ADDRESS))]
        return self._issue(name, x509.SubjectAlternativeName(names), ExtendedKeyUsageOID.SERVER_AUTH)

    def old_server(self, name: str) -> Identity:
        """A certificate as they were made then: a common name, and no alternative one (transport.md 9)."""
        # assumption: SHA-256 and 2048 bits, not the SHA-1 and 1024 that some had and that OpenSSL refuses to load
        return self._issue(name, None, ExtendedKeyUsageOID.SERVER_AUTH)

    def client(self, user: str) -> Identity:
        """The certificate of a user, who may log in with it where it is mapped to an account."""
        return self._issue(user, None, ExtendedKeyUsageOID.CLIENT_AUTH)

    def _issue(self, name: str, names: x509.SubjectAlternativeName | None, purpose: x509.ObjectIdentifier) -> Identity:
        key = rsa.generate_private_key(65537, _BITS)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            _builder(_name(name), self.certificate.subject, key)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(_key_usage(signs=False), critical=True)
            .add_extension(issuer, critical=False)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return Identity(builder.sign(self._key, hashes.SHA256()), key)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
    )


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=not signs,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
