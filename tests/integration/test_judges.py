"""Independent judges: signxml and Debian's xmlsec1 verify what we sign, and we verify what they sign.

Also why a judge that merely says "the signature is good" is not enough: it says so of a wrapped document too.
xmlsec1 1.2 knows no RSA-PSS, so that one is judged by signxml alone.
"""

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from exchange.codec import carry as carry_codec
from exchange.codec import directory as directory_codec
from exchange.codec import envelope as envelope_codec
from exchange.codec import receipt as receipt_codec
from exchange.codec.signed import DocumentKind, attach, parse_signed, signed_info
from exchange.errors import SignatureError
from exchange.testing.keys import HUB, ISSUED
from exchange.trust.algorithms import PrivateKey
from exchange.trust.authority import check_request, request
from exchange.trust.certificates import key_entry, load_certificate, signing_key
from exchange.trust.keys import KeyAlgorithm, SoftwareSigner, generate
from exchange.trust.sign import seal
from exchange.trust.verify import Verifier, check_digest, check_value
from tests.unit.trust.documents import CARRY, COUNTY, DELIVERED, ENVELOPE, NOW, RECIPIENT, SENDER

DS = "{http://www.w3.org/2000/09/xmldsig#}"
METHODS = {
    KeyAlgorithm.ECDSA_P256: SignatureMethod.ECDSA_SHA256,
    KeyAlgorithm.RSA_PSS: SignatureMethod.SHA256_RSA_MGF1,
    KeyAlgorithm.RSA_PKCS1: SignatureMethod.RSA_SHA256,
}
BODIES = {
    DocumentKind.ENVELOPE: envelope_codec.encode(ENVELOPE),
    DocumentKind.RECEIPT: receipt_codec.encode(DELIVERED),
    DocumentKind.DIRECTORY: directory_codec.encode(COUNTY.directory),
    DocumentKind.CARRY: carry_codec.encode(CARRY),
}
KINDS = pytest.mark.parametrize("kind", list(DocumentKind))
ALGORITHMS = pytest.mark.parametrize("algorithm", list(KeyAlgorithm))
XMLSEC_ALGORITHMS = pytest.mark.parametrize("algorithm", [KeyAlgorithm.ECDSA_P256, KeyAlgorithm.RSA_PKCS1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    key: PrivateKey
    certificate: bytes
    algorithm: KeyAlgorithm

    @property
    def signer(self) -> SoftwareSigner:
        return SoftwareSigner(self.key, self.certificate, self.algorithm)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def certificate_pem(self) -> bytes:
        return load_certificate(self.certificate).public_bytes(Encoding.PEM)


@pytest.fixture(scope="module")
def pairs() -> dict[KeyAlgorithm, Pair]:
    return {algorithm: make_pair(algorithm) for algorithm in KeyAlgorithm}


def make_pair(algorithm: KeyAlgorithm) -> Pair:
    key = generate(algorithm, 2048)
    asked = check_request(request(SENDER, "县政府办", key), SENDER)
    certificate = COUNTY.keys.authority.issue(asked, ISSUED, days=3000)
    return Pair(key=key, certificate=certificate, algorithm=algorithm)


def xmlsec1(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["xmlsec1", *map(str, arguments)], capture_output=True, text=True, check=False)


def xmlsec1_says_good(data: bytes, kind: DocumentKind, folder: Path) -> bool:
    document, authority = folder / "document.xml", folder / "authority.pem"
    document.write_bytes(data)
    own = load_certificate(COUNTY.keys.authority.certificate)
    authority.write_bytes(own.public_bytes(Encoding.PEM))
    judged = xmlsec1(
        "--verify",
        "--trusted-pem",
        authority,
        "--verification-time",
        "2026-06-01 00:00:00",
        "--id-attr:Id",
        f"{kind.namespace}:{kind.root}",
        document,
    )
    return judged.returncode == 0


def we_say_good(data: bytes, kind: DocumentKind, certificate: bytes) -> bytes:
    """The body, once digest and value are right."""
    document = parse_signed(data, kind)
    check_digest(document)
    check_value(document, signing_key(certificate))
    return document.body


def signxml_verifies(data: bytes, pair: Pair) -> etree._Element:
    wanted = SignatureConfiguration(
        signature_methods=frozenset({METHODS[pair.algorithm]}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    )
    result = XMLVerifier().verify(data, x509_cert=pair.certificate_pem.decode(), expect_config=wanted)
    assert not isinstance(result, list)
    assert result.signed_xml is not None
    return result.signed_xml


@KINDS
@ALGORITHMS
def test_signxml_verifies_what_we_sign(
    pairs: dict[KeyAlgorithm, Pair], kind: DocumentKind, algorithm: KeyAlgorithm
) -> None:
    pair = pairs[algorithm]
    signed = signxml_verifies(seal(BODIES[kind], pair.signer), pair)
    assert etree.tostring(signed, method="c14n", exclusive=True) == BODIES[kind]


@KINDS
@XMLSEC_ALGORITHMS
def test_xmlsec1_verifies_what_we_sign(
    pairs: dict[KeyAlgorithm, Pair], kind: DocumentKind, algorithm: KeyAlgorithm, tmp_path: Path
) -> None:
    data = seal(BODIES[kind], pairs[algorithm].signer)
    assert xmlsec1_says_good(data, kind, tmp_path)
    assert not xmlsec1_says_good(data.replace(HUB.encode(), b"hub.520303"), kind, tmp_path)


@KINDS
@ALGORITHMS
def test_we_verify_what_signxml_signs(
    pairs: dict[KeyAlgorithm, Pair], kind: DocumentKind, algorithm: KeyAlgorithm
) -> None:
    pair = pairs[algorithm]
    root = etree.fromstring(BODIES[kind])
    signer = XMLSigner(
        signature_algorithm=METHODS[algorithm],
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    signed = signer.sign(root, key=pair.key_pem, cert=pair.certificate_pem.decode(), reference_uri=f"#{root.get('Id')}")
    assert we_say_good(etree.tostring(signed), kind, pair.certificate) == BODIES[kind]


@KINDS
@XMLSEC_ALGORITHMS
def test_we_verify_what_xmlsec1_signs(
    pairs: dict[KeyAlgorithm, Pair], kind: DocumentKind, algorithm: KeyAlgorithm, tmp_path: Path
) -> None:
    pair = pairs[algorithm]
    template, key, certificate = (tmp_path / name for name in ("template.xml", "key.pem", "certificate.pem"))
    template.write_bytes(emptied(seal(BODIES[kind], pair.signer)))
    key.write_bytes(pair.key_pem)
    certificate.write_bytes(pair.certificate_pem)
    signed = tmp_path / "signed.xml"
    done = xmlsec1(
        "--sign",
        "--privkey-pem",
        f"{key},{certificate}",
        "--id-attr:Id",
        f"{kind.namespace}:{kind.root}",
        "--output",
        signed,
        template,
    )
    assert done.returncode == 0, done.stderr
    assert we_say_good(signed.read_bytes(), kind, pair.certificate) == BODIES[kind]


def emptied(data: bytes) -> bytes:
    """The signature as a template: what a signer computes is taken out."""
    root = etree.fromstring(data)
    for name in ("DigestValue", "SignatureValue"):
        (node,) = root.iter(DS + name)
        node.text = None
    (x509_data,) = root.iter(f"{DS}X509Data")
    for child in list(x509_data):
        x509_data.remove(child)
    return etree.tostring(root)


@XMLSEC_ALGORITHMS
def test_an_envelope_that_a_strangers_tool_signed_is_a_units_document(
    pairs: dict[KeyAlgorithm, Pair], algorithm: KeyAlgorithm, tmp_path: Path
) -> None:
    pair = pairs[algorithm]
    units = tuple(
        replace(entry, keys=(key_entry(pair.certificate),)) if entry.unit.code == SENDER else entry
        for entry in COUNTY.directory.units
    )
    verifier = Verifier(replace(COUNTY.directory, units=units))
    data = seal(BODIES[DocumentKind.ENVELOPE], pair.signer)
    assert xmlsec1_says_good(data, DocumentKind.ENVELOPE, tmp_path)
    assert verifier.envelope(data, NOW).envelope == ENVELOPE


def wrapped(pair: Pair) -> bytes:
    """A good envelope inside a forged one: the signature is good, and about the inner one."""
    good = etree.fromstring(seal(BODIES[DocumentKind.ENVELOPE], pair.signer))
    forged = etree.fromstring(BODIES[DocumentKind.ENVELOPE].replace(SENDER.encode(), RECIPIENT.encode()))
    forged.set("Id", "forged")
    signature = good[-1]
    holder = etree.SubElement(forged, "{urn:example:extension}Holder")
    holder.append(good)
    forged.append(signature)
    return etree.tostring(forged)


def test_signxml_accepts_a_wrapped_document_that_we_refuse(pairs: dict[KeyAlgorithm, Pair]) -> None:
    pair = pairs[KeyAlgorithm.ECDSA_P256]
    data = wrapped(pair)
    signed = signxml_verifies(data, pair)
    root = etree.fromstring(data)
    assert root.get("Id") == "forged"
    assert signed.get("Id") != "forged"  # a reader of the root reads what nobody signed
    with pytest.raises(SignatureError) as caught:
        parse_signed(data, DocumentKind.ENVELOPE)
    assert caught.value.code in ("SIG_WRAP", "SIG_REFERENCE")


def test_xmlsec1_accepts_a_strangers_certificate_that_we_refuse(
    pairs: dict[KeyAlgorithm, Pair], tmp_path: Path
) -> None:
    # Any certificate of the county's authority satisfies a judge of chains; it is not therefore the sender's.
    body = BODIES[DocumentKind.ENVELOPE]
    other = COUNTY.signers[RECIPIENT]
    info = signed_info(body, other.algorithm)
    data = attach(body, info, other.sign(info), other.certificate)
    assert xmlsec1_says_good(data, DocumentKind.ENVELOPE, tmp_path)
    with pytest.raises(SignatureError, match="SIG_SENDER_MISMATCH"):
        Verifier(COUNTY.directory).envelope(data, NOW)
