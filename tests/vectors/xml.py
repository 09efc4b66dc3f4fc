"""Wrong before any signature is looked at: encodings, declarations, floods, and what a profile leaves out."""

from tests.vectors.base import GOOD, Traps, changed, sealed
from tests.vectors.table import Stage, Vector

TEXT = GOOD.decode()
ROOT = "<Envelope "
TITLE = "<Title>关于做好防汛工作的通知</Title>"
NOTE = '<x:note xmlns:x="urn:example:note">附言</x:note>'


def prologue(text: str) -> bytes:
    return text.encode() + GOOD


def laughs(_: Traps) -> bytes:
    entities = '<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return prologue(f"<!DOCTYPE Envelope [{entities}]>").replace("防汛".encode(), b"&l9;")


def quadratic(_: Traps) -> bytes:
    return prologue(f'<!DOCTYPE Envelope [<!ENTITY a "{"a" * 50_000}">]>').replace("防汛".encode(), b"&a;" * 20_000)


def entity(declaration: str) -> bytes:
    return prologue(f"<!DOCTYPE Envelope [{declaration}]>").replace("防汛".encode(), b"&trap;")


def noted(extension: str) -> bytes:
    """Signed by the sender with `extension` for its note."""
    return sealed(NOTE, extension)


def nested(depth: int) -> bytes:
    return noted('<n xmlns="urn:n">' + "<n>" * (depth - 1) + "</n>" * depth)


def attributes(count: int) -> bytes:
    return noted('<n xmlns="urn:n" ' + " ".join(f'a{n}="1"' for n in range(count)) + "></n>")


def namespaces(count: int) -> bytes:
    return noted('<n xmlns="urn:n" ' + " ".join(f'xmlns:p{n}="urn:{n}"' for n in range(count)) + "></n>")


def utf_16(codec: str, mark: bytes = b"") -> bytes:
    return mark + TEXT.encode(codec)


def declared(encoding: str, data: bytes = GOOD) -> bytes:
    return f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + data


_CROWDED = "<n " + " ".join(f'a{n}="1"' for n in range(30)) + "></n>"
_ROWS = [
    # declarations
    ("dtd-empty", lambda _: prologue("<!DOCTYPE Envelope>"), "XML_DTD_FORBIDDEN"),
    ("dtd-billion-laughs", laughs, "XML_DTD_FORBIDDEN"),
    ("dtd-quadratic-blowup", quadratic, "XML_DTD_FORBIDDEN"),
    ("dtd-external-file", lambda t: prologue(f'<!DOCTYPE Envelope SYSTEM "{t.file}">'), "XML_DTD_FORBIDDEN"),
    ("dtd-external-http", lambda t: prologue(f'<!DOCTYPE Envelope SYSTEM "{t.url}">'), "XML_DTD_FORBIDDEN"),
    ("entity-external-file", lambda t: entity(f'<!ENTITY trap SYSTEM "{t.file}">'), "XML_DTD_FORBIDDEN"),
    ("entity-external-http", lambda t: entity(f'<!ENTITY trap SYSTEM "{t.url}">'), "XML_DTD_FORBIDDEN"),
    (
        "entity-parameter",
        lambda t: entity(f'<!ENTITY % p SYSTEM "{t.url}">%p;<!ENTITY trap "">'),
        "XML_DTD_FORBIDDEN",
    ),
    ("entity-undeclared", lambda _: changed(TITLE, "<Title>&trap;</Title>"), "XML_MALFORMED"),
    ("doctype-lower-case", lambda _: prologue("<!doctype Envelope>"), "XML_PROFILE"),
    # what would fetch something, were it obeyed
    (
        "pi-stylesheet",
        lambda t: prologue(f'<?xml-stylesheet type="text/xsl" href="{t.url}"?>'),
        "XML_PROFILE",
    ),
    (
        "xinclude-in-title",
        lambda t: sealed(
            TITLE, f'<Title><i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{t.file}"></i:include></Title>'
        ),
        "SCHEMA",
    ),
    (
        "schema-location-added",
        lambda t: changed(
            ROOT,
            '<Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="urn:yidi:envelope:1 {t.url} urn:example:note {t.file}" ',
        ),
        "SIG_DIGEST",
    ),
    # comments and the like do not change the digest, so only the profile stands in their way
    ("pi-in-field", lambda _: changed("520304-002<", "520304-0<?x?>02<"), "XML_PROFILE"),
    ("pi-after-root", lambda _: GOOD + b"<?x?>", "XML_PROFILE"),
    ("pi-second-declaration", lambda _: declared("UTF-8") + b"<?xml-x?>", "XML_PROFILE"),
    ("comment-in-field", lambda _: changed("520304-002<", "520304-002<!-- -->9<"), "XML_PROFILE"),
    ("comment-splits-sender", lambda _: changed("<Sender>520304-001", "<Sender>520304-<!---->001"), "XML_PROFILE"),
    ("comment-before-root", lambda _: prologue("<!-- -->"), "XML_PROFILE"),
    ("comment-in-digest", lambda _: changed("<ds:DigestValue>", "<ds:DigestValue><!-- -->"), "XML_PROFILE"),
    ("comment-in-value", lambda _: changed("</ds:SignatureValue>", "<!----></ds:SignatureValue>"), "XML_PROFILE"),
    ("cdata-in-field", lambda _: changed("防汛", "<![CDATA[防汛]]>"), "XML_PROFILE"),
    # encodings
    ("utf-8-with-mark", lambda _: b"\xef\xbb\xbf" + GOOD, "XML_ENCODING"),
    ("utf-16-le-with-mark", lambda _: utf_16("utf-16-le", b"\xff\xfe"), "XML_ENCODING"),
    ("utf-16-be-with-mark", lambda _: utf_16("utf-16-be", b"\xfe\xff"), "XML_ENCODING"),
    ("utf-16-le-bare", lambda _: utf_16("utf-16-le"), "XML_ENCODING"),
    ("utf-16-be-bare", lambda _: utf_16("utf-16-be"), "XML_ENCODING"),
    ("utf-16-ascii-bare", lambda _: "<Envelope/>".encode("utf-16-le"), "XML_ENCODING"),
    ("utf-32-bare", lambda _: utf_16("utf-32-be"), "XML_ENCODING"),
    ("utf-7-declared", lambda _: declared("UTF-7"), "XML_ENCODING"),
    ("utf-7-payload", lambda _: declared("UTF-7", TEXT.encode("utf-7")), "XML_ENCODING"),
    ("utf-16-declared", lambda _: declared("UTF-16"), "XML_ENCODING"),
    ("gb18030-declared", lambda _: declared("GB18030", TEXT.encode("gb18030")), "XML_ENCODING"),
    ("gb18030-undeclared", lambda _: TEXT.encode("gb18030"), "XML_ENCODING"),
    ("latin-1-declared", lambda _: declared("ISO-8859-1"), "XML_ENCODING"),
    ("ebcdic", lambda _: "<Envelope/>".encode("cp037"), "XML_ENCODING"),
    ("overlong-utf-8", lambda _: GOOD.replace("防".encode(), b"\xc0\xaf"), "XML_ENCODING"),
    ("surrogate-in-utf-8", lambda _: GOOD.replace("防".encode(), b"\xed\xa0\x80"), "XML_ENCODING"),
    ("xml-1.1", lambda _: b'<?xml version="1.1"?>' + GOOD, "XML_ENCODING"),
    # floods
    ("depth-33", lambda _: nested(31), "XML_LIMIT"),
    ("depth-5000", lambda _: nested(5000), "XML_LIMIT"),
    ("elements-million", lambda _: noted('<n xmlns="urn:n">' + "<n/>" * 1_000_000 + "</n>"), "XML_LIMIT"),
    ("text-megabyte", lambda _: noted(f'<n xmlns="urn:n">{"文" * 350_000}</n>'), "XML_LIMIT"),
    ("attributes-33", lambda _: attributes(33), "XML_LIMIT"),
    ("attributes-20000", lambda _: attributes(20_000), "XML_LIMIT"),
    (
        "attributes-40000-spread",
        lambda _: noted(f'<n xmlns="urn:n">{_CROWDED * 1400}</n>'),
        "XML_LIMIT",
    ),
    ("namespaces-5000", lambda _: namespaces(5000), "XML_LIMIT"),
    ("name-60000-long", lambda _: noted(f'<n xmlns="urn:n" {"n" * 60_000}="1"></n>'), "XML_LIMIT"),
    ("size-8-mib", lambda _: GOOD + b" " * (8 * 1024 * 1024), "SIZE"),
    # not well-formed, or not of ours
    ("empty", lambda _: b"", "XML_MALFORMED"),
    ("cut-short", lambda _: GOOD[:-1], "XML_MALFORMED"),
    ("two-roots", lambda _: GOOD + GOOD, "XML_MALFORMED"),
    ("attribute-twice", lambda _: changed(' version="1"', ' version="1" version="1"'), "XML_MALFORMED"),
    ("control-character", lambda _: changed("防汛", "防\x01汛"), "XML_MALFORMED"),
    ("nul-reference", lambda _: changed("防汛", "防&#0;汛"), "XML_MALFORMED"),
    ("prefix-undeclared", lambda _: changed(' xmlns:x="urn:example:note"', ""), "XML_MALFORMED"),
    ("namespace-relative", lambda _: noted('<n xmlns="relative">附言</n>'), "XML_PROFILE"),
    ("root-without-namespace", lambda _: changed(' xmlns="urn:yidi:envelope:1"', ""), "SCHEMA"),
    ("root-foreign", lambda _: b"<html></html>", "SCHEMA"),
    (
        "root-receipt",
        lambda _: GOOD.replace(b"Envelope ", b"Receipt ").replace(b"</Envelope>", b"</Receipt>"),
        "SCHEMA",
    ),
    ("namespace-version-2", lambda _: changed("urn:yidi:envelope:1", "urn:yidi:envelope:2"), "VERSION"),
    ("version-2", lambda _: changed(' version="1"', ' version="2"'), "VERSION"),
    ("version-missing", lambda _: changed(' version="1"', ""), "VERSION"),
    ("id-missing", lambda _: changed(' Id="e-0f8fad5b-d9cb-469f-a165-70867728950e"', ""), "SCHEMA"),
]

XML = [Vector(name, make, code, Stage.XML) for name, make, code in _ROWS]
