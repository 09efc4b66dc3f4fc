"""Enrolment: a key enters the directory against a one-time code, and only the certified key's holder can."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from exchange.errors import CertificateError, EnrolmentError
from exchange.model.unit import UnitCode
from exchange.ports.acts import Operator
from exchange.services.hub.enroll import Enroller
from exchange.testing.keys import ISSUED
from exchange.trust.authority import Authority, request
from exchange.trust.certificates import key_entry
from exchange.trust.keys import SoftwareSigner, insecure_key_from_seed
from tests.unit.services.hub_and_node import COUNTY, HOURS, A, B, World, an_envelope, signed

NOBODY = UnitCode("999999-001")


@dataclass
class Desk:
    world: World
    enroller: Enroller

    def csr(self, unit: UnitCode, seed: str = "new") -> str:
        return request(unit, "单位", insecure_key_from_seed(f"{seed}/{unit}"))

    def enroll(self, unit: UnitCode, code: str, seed: str = "new") -> bytes:
        return self.enroller.enroll([(unit, code, self.csr(unit, seed))])[unit]

    @property
    def version(self) -> int:
        return self.world.hub.administrator.current().version


@pytest.fixture
def desk() -> Desk:
    world = World()
    authority = COUNTY.keys.authority
    return Desk(world, Enroller(world.hub.store, world.hub.administrator, authority, world.clock))


def test_the_new_key_is_in_the_next_version_and_signs_from_now_on(desk: Desk) -> None:
    certificate = desk.enroll(A, desk.enroller.invite([A])[A])
    assert desk.version == 2
    assert key_entry(certificate).fingerprint in desk.world.hub.administrator.current().unit_keys
    signer = SoftwareSigner(insecure_key_from_seed(f"new/{A}"), certificate)
    desk.world.put(signed(an_envelope(), signer))
    desk.world.hub.route()
    assert desk.world.events(A) == ["ACCEPTED"]


def test_the_replaced_key_stays_valid_for_a_while_and_no_longer(desk: Desk) -> None:
    desk.enroll(A, desk.enroller.invite([A])[A])
    desk.world.put(signed(an_envelope(number=1)))
    desk.world.hub.route()
    desk.world.pass_time(timedelta(days=3, milliseconds=1))
    desk.world.put(signed(an_envelope(number=2)))
    desk.world.hub.route()
    assert desk.world.events(A) == ["ACCEPTED", "REFUSED"]


def test_many_are_enrolled_in_one_version(desk: Desk) -> None:
    codes = desk.enroller.invite([A, B])
    assert len(set(codes.values())) == 2
    desk.enroller.enroll([(unit, code, desk.csr(unit)) for unit, code in codes.items()])
    assert desk.version == 2


def test_a_code_can_be_read_over_the_telephone_and_typed_in_lower_case(desk: Desk) -> None:
    code = desk.enroller.invite([A])[A]
    assert len(code) == 23
    assert not set(code) & set("01ILO")
    desk.enroll(A, f" {code.lower()}\n")


def test_the_hub_keeps_no_code(desk: Desk) -> None:
    code = desk.enroller.invite([A])[A]
    with desk.world.hub.store.begin() as session:
        record = session.enrolment(A)
    assert record is not None
    assert code not in repr(record)


def _used(desk: Desk) -> str:
    code = desk.enroller.invite([A])[A]
    desk.enroll(A, code, "first")
    return code


def _expired(desk: Desk) -> str:
    code = desk.enroller.invite([A])[A]
    desk.world.pass_time(timedelta(days=7))
    return code


def _wrong(desk: Desk) -> str:
    desk.enroller.invite([A])
    return "22222-22222-22222-22222"


def _another_units(desk: Desk) -> str:
    return desk.enroller.invite([A, B])[B]


def _replaced(desk: Desk) -> str:
    code = desk.enroller.invite([A])[A]
    desk.enroller.invite([A])
    return code


def _never_given(desk: Desk) -> str:
    return ""


@pytest.mark.parametrize("code", [_used, _expired, _wrong, _another_units, _replaced, _never_given])
def test_any_other_code_enrols_nobody(desk: Desk, code: Callable[[Desk], str]) -> None:
    given = code(desk)
    before = desk.version
    with pytest.raises(EnrolmentError, match="ENROLMENT_CODE"):
        desk.enroll(A, given)
    assert desk.version == before


def test_until_its_last_moment_a_code_works(desk: Desk) -> None:
    code = desk.enroller.invite([A])[A]
    desk.world.pass_time(timedelta(days=7) - timedelta(milliseconds=1))
    desk.enroll(A, code)


def test_one_wrong_code_enrols_none_and_spends_none(desk: Desk) -> None:
    codes = desk.enroller.invite([A, B])
    with pytest.raises(EnrolmentError, match="ENROLMENT_CODE"):
        desk.enroller.enroll([(A, codes[A], desk.csr(A)), (B, "no", desk.csr(B))])
    assert desk.version == 1
    desk.enroll(A, codes[A])


def test_one_code_twice_in_one_go_is_used_once(desk: Desk) -> None:
    code = desk.enroller.invite([A])[A]
    with pytest.raises(EnrolmentError, match="ENROLMENT_CODE"):
        desk.enroller.enroll([(A, code, desk.csr(A)), (A, code, desk.csr(A, "second"))])
    desk.enroll(A, code)


def test_a_node_that_lost_the_answer_asks_again_and_gets_the_same_certificate(desk: Desk) -> None:
    code = desk.enroller.invite([A])[A]
    certificate = desk.enroll(A, code)
    version = desk.version
    desk.world.pass_time(timedelta(hours=1))
    assert desk.enroll(A, code) == certificate
    assert desk.version == version
    with pytest.raises(EnrolmentError, match="ENROLMENT_CODE"):
        desk.enroll(A, code, "another key")
    desk.world.pass_time(timedelta(days=7))
    with pytest.raises(EnrolmentError, match="expired"):
        desk.enroll(A, code)


def test_a_request_of_somebody_else_spends_no_code(desk: Desk) -> None:
    code = desk.enroller.invite([A])[A]
    with pytest.raises(EnrolmentError, match="CSR_OWNER"):
        desk.enroller.enroll([(A, code, desk.csr(B))])
    with pytest.raises(EnrolmentError, match="CSR_FORMAT"):
        desk.enroller.enroll([(A, code, "hello")])
    desk.enroll(A, code)


def test_an_authority_that_has_ended_spends_no_code(desk: Desk) -> None:
    ended = Authority.create("测试县", ISSUED, days=1, key=insecure_key_from_seed("ended"), serial=1)
    enroller = Enroller(desk.world.hub.store, desk.world.hub.administrator, ended, desk.world.clock)
    code = enroller.invite([A])[A]
    with pytest.raises(CertificateError, match="CERT_EXPIRED"):
        enroller.enroll([(A, code, desk.csr(A))])
    assert desk.version == 1
    desk.enroll(A, code)


def test_nobody_is_invited_who_is_not_in_the_directory(desk: Desk) -> None:
    with pytest.raises(EnrolmentError, match=NOBODY):
        desk.enroller.invite([A, NOBODY])
    with desk.world.hub.store.begin() as session:
        assert session.enrolment(A) is None


def test_how_long_keys_overlap_is_a_choice(desk: Desk) -> None:
    hub, clock = desk.world.hub, desk.world.clock
    enroller = Enroller(hub.store, hub.administrator, COUNTY.keys.authority, clock, overlap=HOURS)
    enroller.enroll([(A, enroller.invite([A])[A], desk.csr(A))])
    old = hub.administrator.current().by_code[A].keys[0]
    assert old.valid_to == clock.now() + HOURS


def test_a_node_that_enrols_by_its_code_and_an_operator_who_enrols_here_are_acts(desk: Desk) -> None:
    desk.enroll(A, desk.enroller.invite([A])[A])
    operator = Operator(account="root", name="王芳", reason="")
    code = desk.enroller.invite([B], operator)[B]
    desk.enroller.enroll([(B, code, desk.csr(B))], operator)
    with desk.world.hub.store.begin() as session:
        acts = [(act.account, act.target, act.outcome) for _, act in session.acts(None, 10)]
    assert acts == [
        ("root", B, f"directory-{desk.version}"),
        ("root", B, "invited"),
        (f"node of {A}", A, f"directory-{desk.version - 1}"),
    ]
