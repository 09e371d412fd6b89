"""Personal data made unreadable: masks for what people see, pseudonyms for what the journal keeps.

The masks follow the usual forms of GB/T 35273-2020 practice: ``138****8000``, ``310***********1234``, ``张*``, an
address to the building (PIPL articles 51 and 54: de-identification).
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

_PHONE: Final = re.compile(r"(\+?\d[\d\- ]{5,}\d)")
_ADDRESS: Final = (
    re.compile(r".*(?:幢|栋|号楼|building\s+\w+)", re.IGNORECASE),
    re.compile(r".*?(?:号|no\.\s*\w+)", re.IGNORECASE),
    re.compile(r".*?(?:街道|街|路|弄|村|street|road|lane)", re.IGNORECASE),
)
"""What an address may be cut behind, the best first: a named building, a house number, a road."""


def mask_phone(phone: str) -> str:
    """``13800138000`` as ``138****8000``; a country code or an area code stays, blanks and hyphens go.

    A number of eight to ten digits keeps its last four, a shorter one nothing.
    """
    text = re.sub(r"[\s\-]", "", phone)
    if len(text) >= 11:
        return f"{text[:-8]}****{text[-4:]}"
    return _stars(text, 0, 4 if len(text) >= 8 else 0)


def mask_id_card(number: str) -> str:
    """An 18-character citizen number as ``310***********1234``: division and the last four stay."""
    text = number.strip()
    return _stars(text, 3, 4) if len(text) >= 15 else "*" * len(text)


def mask_name(name: str) -> str:
    """``张三丰`` as ``张**``: the first character stays, so that a single character is masked whole."""
    text = name.strip()
    return _stars(text, 1, 0) if len(text) > 1 else "*" * len(text)


def mask_address(address: str) -> str:
    """An address down to its building: ``青禾路12弄3号301室`` loses the flat.

    Where no building can be told, what follows the road goes as well; where no road can be told, everything does.
    """
    found = next((found for form in _ADDRESS if (found := form.match(address.strip()))), None)
    return f"{found[0]}****" if found else "****"


def mask_contact(contact: str) -> str:
    """A contact of any form: each phone number in it is masked, and each other word after its first character."""
    pieces = _PHONE.split(contact)
    masked = [
        mask_phone(piece) if at % 2 else " ".join(map(mask_name, piece.split())) for at, piece in enumerate(pieces)
    ]
    return " ".join(filter(None, masked))


def pseudonym(salt: bytes, person: str) -> str:
    """The journal's name of a person: 16 hexadecimal digits, the same for the same salt (1 to 64 bytes) and person.

    Nobody without the salt can test a guess; erasing the salt erases the link. Raises ``ValueError`` for another salt.
    """
    if not 1 <= len(salt) <= 64:
        raise ValueError(f"a salt has 1 to 64 bytes, not {len(salt)}; keep 32 random bytes in a file of the store")
    return blake2b(person.encode("utf-8", "surrogatepass"), digest_size=8, key=salt).hexdigest()


class Personal(str):
    """Personal text that is itself everywhere except in a ``repr``, where it is masked, and so in most logs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(mask_contact(self))


def _stars(text: str, head: int, tail: int) -> str:
    hidden = max(0, len(text) - head - tail)
    return text[:head] + "*" * hidden + (text[len(text) - tail :] if tail else "")
