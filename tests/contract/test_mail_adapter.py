"""The mail adapter through the crash matrix."""

import pytest

from tests.contract.crash_matrix import survive_every_step
from tests.contract.mail_office import MailBench

PARTS = 4


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_mail_adapter_survives_a_death_at_every_step(part: int) -> None:
    survive_every_step(lambda _: MailBench(), part, PARTS)
