"""The WSDL that lies beside the pages is the one that a node serves, and the examples of its page are calls."""

import re

import pytest

from docs.make_wsdl import PAGE, document
from exchange.codec.soap import read_call
from exchange.web.node_api.soap.verbs import VERBS, listed_verbs
from exchange.web.node_api.soap.work import work_of

_PAGE = PAGE.with_name("soap.md")
_EXAMPLES = re.findall(r"```xml\n(<\?xml.*?)```", _PAGE.read_text("utf-8"), re.DOTALL)


def test_the_file_is_what_a_node_serves() -> None:
    assert PAGE.read_bytes() == document()


@pytest.mark.parametrize("example", _EXAMPLES)
def test_an_example_is_a_call_that_is_understood(example: str) -> None:
    call = read_call(example.encode(), listed_verbs())
    VERBS[call.verb].asked.model_validate(dict(call.values))


def test_there_are_examples() -> None:
    assert len(_EXAMPLES) >= 2


def test_every_verb_does_something_and_has_its_line() -> None:
    text = _PAGE.read_text("utf-8")
    for name in VERBS:
        assert callable(work_of(name))
        assert f"| `{name}` |" in text, name
