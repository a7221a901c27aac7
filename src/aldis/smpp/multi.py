"""The lists of submit_multi: to whom, and who could not be served.

Source: SMPP v3.4 §4.5.1.1 (dest_addresses) and §4.5.2.1 (unsuccess_sme).
"""

from __future__ import annotations

import msgspec

from aldis.smpp.octets import c_octets, c_string

SME, DISTRIBUTION_LIST = 1, 2
#: number_of_dests and no_unsuccess are one octet
MAX_DESTINATIONS = 254
STATUS_OCTETS = 4


class SmeAddress(msgspec.Struct, frozen=True):
    """One recipient. Source: SMPP v3.4 §4.5.1.1, dest_flag 1."""

    dest_addr_ton: int
    dest_addr_npi: int
    destination_addr: str


class DistributionList(msgspec.Struct, frozen=True):
    """A list that the SMSC keeps. Source: SMPP v3.4 §4.5.1.1, dest_flag 2."""

    dl_name: str


class UnsuccessfulSme(msgspec.Struct, frozen=True):
    """A recipient that was refused, and why. Source: SMPP v3.4 §4.5.2.1."""

    dest_addr_ton: int
    dest_addr_npi: int
    destination_addr: str
    error_status_code: int


Destination = SmeAddress | DistributionList


def write_destinations(destinations: tuple[Destination, ...]) -> bytes:
    """Give number_of_dests and dest_addresses; raises ValueError when one does not fit."""
    if len(destinations) > MAX_DESTINATIONS:
        raise ValueError(f"a submit_multi goes to {MAX_DESTINATIONS} at most")
    parts = [bytes((len(destinations),))]
    for destination in destinations:
        if isinstance(destination, SmeAddress):
            parts.append(bytes((SME, destination.dest_addr_ton, destination.dest_addr_npi)))
            parts.append(c_octets(destination.destination_addr, 21))
        else:
            parts.append(bytes((DISTRIBUTION_LIST,)))
            parts.append(c_octets(destination.dl_name, 21))
    return b"".join(parts)


def read_destinations(octets: bytes, at: int) -> tuple[tuple[Destination, ...], int]:
    """Read them; returns also where they end. Raises IndexError where the octets end too early."""
    count = octets[at]
    at += 1
    found: list[Destination] = []
    for _ in range(count):
        flag = octets[at]
        at += 1
        if flag == SME:
            ton, npi = octets[at], octets[at + 1]
            value, at = c_string(octets, at + 2)
            found.append(SmeAddress(ton, npi, value))
        elif flag == DISTRIBUTION_LIST:
            value, at = c_string(octets, at)
            found.append(DistributionList(value))
        else:
            raise IndexError(f"a dest_flag of {flag} says nothing of what follows it")
    return tuple(found), at


def write_unsuccessful(refused: tuple[UnsuccessfulSme, ...]) -> bytes:
    """Give no_unsuccess and unsuccess_sme; raises ValueError when one does not fit."""
    if len(refused) > MAX_DESTINATIONS:
        raise ValueError(f"no_unsuccess is {MAX_DESTINATIONS} at most")
    parts = [bytes((len(refused),))]
    for each in refused:
        parts.append(bytes((each.dest_addr_ton, each.dest_addr_npi)))
        parts.append(c_octets(each.destination_addr, 21))
        parts.append(each.error_status_code.to_bytes(STATUS_OCTETS, "big"))
    return b"".join(parts)


def read_unsuccessful(octets: bytes, at: int) -> tuple[tuple[UnsuccessfulSme, ...], int]:
    """Read them; returns also where they end. Raises IndexError where the octets end too early."""
    count = octets[at]
    at += 1
    found: list[UnsuccessfulSme] = []
    for _ in range(count):
        ton, npi = octets[at], octets[at + 1]
        value, at = c_string(octets, at + 2)
        end = at + STATUS_OCTETS
        if end > len(octets):
            raise IndexError("an error_status_code is cut short")
        found.append(UnsuccessfulSme(ton, npi, value, int.from_bytes(octets[at:end], "big")))
        at = end
    return tuple(found), at
