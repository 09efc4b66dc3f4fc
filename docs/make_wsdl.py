"""`python docs/make_wsdl.py`: writes `adapters/yidi.wsdl` from the verbs of `exchange.web.node_api.soap`.

A test holds the file against them.
"""

from pathlib import Path

from exchange.codec.wsdl import wsdl_of
from exchange.web.node_api.soap.route import SOAP_PATH
from exchange.web.node_api.soap.verbs import listed_verbs

__all__ = ["PAGE", "document"]

PAGE = Path(__file__).with_name("adapters") / "yidi.wsdl"


def document() -> bytes:
    """As a node serves it, for one on this machine at the port of the examples."""
    return wsdl_of(listed_verbs().values(), f"http://127.0.0.1:8087{SOAP_PATH}")


if __name__ == "__main__":
    PAGE.write_bytes(document())
