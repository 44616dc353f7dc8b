"""The parts of an address that every room's URLs are made of; importing this registers them."""

from typing import Any

from django.urls import register_converter

from journal.path_schemas import PATTERNS


class DigestConverter:
    """A ballot's digest: 64 lower-case hex digits."""

    regex = PATTERNS["digest"]

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class AddressConverter(DigestConverter):
    """An address: 0x and 40 lower-case hex digits."""

    regex = PATTERNS["address"]


class SlugConverter(DigestConverter):
    """A programme's or a typology's name in addresses, as ballots write it."""

    regex = PATTERNS["key"]


class NumberConverter:
    """A cycle's number, as far as the database counts."""

    regex = PATTERNS["number"]

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


class RowConverter(NumberConverter):
    """A row's number."""

    regex = PATTERNS["row"]


_CONVERTERS: dict[str, type[Any]] = {
    "digest": DigestConverter,
    "address": AddressConverter,
    "key": SlugConverter,
    "number": NumberConverter,
    "row": RowConverter,
}
for _name, _converter in _CONVERTERS.items():
    register_converter(_converter, _name)
