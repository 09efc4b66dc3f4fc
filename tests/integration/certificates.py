"""The county's authority and what it issues, as files: for the broker, and for units' logins by certificate."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from exchange.model.unit import UnitCode
from exchange.trial.servers import TlsFiles
from exchange.trust.algorithms import PrivateKey
from exchange.trust.authority import Authority, check_request, request
from exchange.trust.keys import generate

NOW = datetime.now(UTC) - timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class CountyAuthority:
    folder: Path
    authority: Authority

    @classmethod
    def create(cls, folder: Path, name: str = "ca") -> "CountyAuthority":
        made = cls(folder, Authority.create("测试县", NOW))
        made._write(name, made.authority.certificate)
        return made

    def broker(self) -> TlsFiles:
        key = generate()
        own = x509.load_der_x509_certificate(self.authority.certificate)
        builder = x509.CertificateBuilder(
            issuer_name=own.subject,
            subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")]),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=NOW,
            not_valid_after=NOW + timedelta(days=30),
        ).add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        certificate = builder.sign(self.authority.key, SHA256()).public_bytes(Encoding.DER)
        return self._write("broker", certificate, key)

    def unit(self, code: UnitCode) -> TlsFiles:
        key = generate()
        return self._write(code, self.authority.issue(check_request(request(code, code, key), code), NOW), key)

    def _write(self, name: str, certificate: bytes, key: PrivateKey | None = None) -> TlsFiles:
        files = TlsFiles(
            authority=self.folder / "ca.pem",
            certificate=self.folder / f"{name}.pem",
            key=self.folder / f"{name}.key",
        )
        files.certificate.write_bytes(x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM))
        if key is not None:
            files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return files
