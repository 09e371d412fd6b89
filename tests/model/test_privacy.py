"""Masks and pseudonyms: what people see and what the journal keeps of a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicloop.core.model.privacy import (
    Personal,
    mask_address,
    mask_contact,
    mask_id_card,
    mask_name,
    mask_phone,
    pseudonym,
)

PHONES = [
    ("13800138000", "138****8000"),
    ("138 0013 8000", "138****8000"),
    ("138-0013-8000", "138****8000"),
    ("+8613800138000", "+86138****8000"),
    ("02112345678", "021****5678"),
    ("12345678", "****5678"),
    ("110", "***"),
    ("", ""),
]


@pytest.mark.parametrize(("phone", "masked"), PHONES)
def test_a_phone_keeps_its_head_and_its_last_four(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


IDS = [
    ("310101194901011234", "310***********1234"),
    ("31010119490101123X", "310***********123X"),
    ("310101490101123", "310********1123"),
    ("12345", "*****"),
    ("", ""),
]


@pytest.mark.parametrize(("number", "masked"), IDS)
def test_a_citizen_number_keeps_its_division_and_its_last_four(number: str, masked: str) -> None:
    assert mask_id_card(number) == masked


@pytest.mark.parametrize(
    ("name", "masked"), [("张三", "张*"), ("欧阳小明", "欧***"), ("张", "*"), ("", ""), (" 李四 ", "李*")]
)
def test_a_name_keeps_its_first_character(name: str, masked: str) -> None:
    assert mask_name(name) == masked


ADDRESSES = [
    ("青禾路12弄3号301室", "青禾路12弄3号****"),
    ("青禾路12号3幢301室", "青禾路12号3幢****"),
    ("杨柳苑2号楼301室", "杨柳苑2号楼****"),
    ("青禾路旁边的小房子", "青禾路****"),
    ("Building 7, flat 301", "Building 7****"),
    ("老王家", "****"),
    ("", "****"),
]


@pytest.mark.parametrize(("address", "masked"), ADDRESSES)
def test_an_address_ends_with_its_building(address: str, masked: str) -> None:
    assert mask_address(address) == masked


CONTACTS = [
    ("13800138000", "138****8000"),
    ("张三丰 13800138000", "张** 138****8000"),
    ("13800138000张三", "138****8000 张*"),
    ("wx_zhangsan", "w**********"),
]


@pytest.mark.parametrize(("contact", "masked"), CONTACTS)
def test_a_contact_hides_phones_and_names(contact: str, masked: str) -> None:
    assert mask_contact(contact) == masked


def test_personal_text_is_itself_but_not_in_a_repr() -> None:
    phone = Personal("13800138000")
    assert phone == "13800138000"
    assert f"{phone}" == "13800138000"
    assert {"13800138000": 1}[phone] == 1
    assert repr((phone,)) == "('138****8000',)"


def test_a_pseudonym_is_the_same_for_the_same_salt_and_person_only() -> None:
    assert pseudonym(b"salt", "张三") == pseudonym(b"salt", "张三")
    assert len(pseudonym(b"salt", "张三")) == 16
    assert len({pseudonym(b"salt", "张三"), pseudonym(b"salt", "李四"), pseudonym(b"other", "张三")}) == 3


@pytest.mark.parametrize("salt", [b"", b"x" * 65])
def test_a_salt_that_protects_nothing_is_refused(salt: bytes) -> None:
    with pytest.raises(ValueError, match="1 to 64 bytes"):
        pseudonym(salt, "张三")


@given(st.text())
def test_masks_take_any_text_and_never_grow_a_name(text: str) -> None:
    for mask in (mask_phone, mask_id_card, mask_address, mask_contact):
        assert isinstance(mask(text), str)
    assert len(mask_name(text)) <= len(text)
    assert pseudonym(b"salt", text)


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.text("张王李 ;:()", max_size=5))
def test_no_mobile_number_survives_in_a_contact(phone: str, around: str) -> None:
    assert phone not in mask_contact(f"{around}{phone}{around}")
