"""Optional parameters: the tags of v3.4 and those of v5.0 that are met in the wild, and how any tag is
framed.

Unknown tags pass through as octets. Source: SMPP v3.4 §3.2.4 (format) and §5.3.2 (tags); SMPP v5.0 §4.8.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from struct import Struct
from typing import NamedTuple

SC_INTERFACE_VERSION = 0x0210
RECEIPTED_MESSAGE_ID = 0x001E
SAR_MSG_REF_NUM = 0x020C
SAR_TOTAL_SEGMENTS = 0x020E
SAR_SEGMENT_SEQNUM = 0x020F
NETWORK_ERROR_CODE = 0x0423
MESSAGE_PAYLOAD = 0x0424
MESSAGE_STATE = 0x0427


class ValueKind(StrEnum):
    """How a value is written."""

    INTEGER = "integer"
    C_OCTETS = "C-octet string"
    OCTETS = "octets"


class Tag(NamedTuple):
    """One line of the specification's list."""

    name: str
    kind: ValueKind
    #: clause of SMPP v3.4; of v5.0 where it says so
    clause: str


_I, _C, _O = ValueKind.INTEGER, ValueKind.C_OCTETS, ValueKind.OCTETS

TAGS: dict[int, Tag] = {
    0x0005: Tag("dest_addr_subunit", _I, "§5.3.2.1"),
    0x0006: Tag("dest_network_type", _I, "§5.3.2.3"),
    0x0007: Tag("dest_bearer_type", _I, "§5.3.2.5"),
    0x0008: Tag("dest_telematics_id", _I, "§5.3.2.7"),
    0x000D: Tag("source_addr_subunit", _I, "§5.3.2.2"),
    0x000E: Tag("source_network_type", _I, "§5.3.2.4"),
    0x000F: Tag("source_bearer_type", _I, "§5.3.2.6"),
    0x0010: Tag("source_telematics_id", _I, "§5.3.2.8"),
    0x0017: Tag("qos_time_to_live", _I, "§5.3.2.9"),
    0x0019: Tag("payload_type", _I, "§5.3.2.10"),
    0x001D: Tag("additional_status_info_text", _C, "§5.3.2.11"),
    RECEIPTED_MESSAGE_ID: Tag("receipted_message_id", _C, "§5.3.2.12"),
    0x0030: Tag("ms_msg_wait_facilities", _I, "§5.3.2.13"),
    0x0201: Tag("privacy_indicator", _I, "§5.3.2.14"),
    0x0202: Tag("source_subaddress", _O, "§5.3.2.15"),
    0x0203: Tag("dest_subaddress", _O, "§5.3.2.16"),
    0x0204: Tag("user_message_reference", _I, "§5.3.2.17"),
    0x0205: Tag("user_response_code", _I, "§5.3.2.18"),
    0x020A: Tag("source_port", _I, "§5.3.2.20"),
    0x020B: Tag("destination_port", _I, "§5.3.2.21"),
    SAR_MSG_REF_NUM: Tag("sar_msg_ref_num", _I, "§5.3.2.22"),
    0x020D: Tag("language_indicator", _I, "§5.3.2.19"),
    SAR_TOTAL_SEGMENTS: Tag("sar_total_segments", _I, "§5.3.2.23"),
    SAR_SEGMENT_SEQNUM: Tag("sar_segment_seqnum", _I, "§5.3.2.24"),
    SC_INTERFACE_VERSION: Tag("sc_interface_version", _I, "§5.3.2.25"),
    0x0302: Tag("callback_num_pres_ind", _I, "§5.3.2.37"),
    0x0303: Tag("callback_num_atag", _O, "§5.3.2.38"),
    0x0304: Tag("number_of_messages", _I, "§5.3.2.39"),
    0x0381: Tag("callback_num", _O, "§5.3.2.36"),
    0x0420: Tag("dpf_result", _I, "§5.3.2.28"),
    0x0421: Tag("set_dpf", _I, "§5.3.2.29"),
    0x0422: Tag("ms_availability_status", _I, "§5.3.2.30"),
    NETWORK_ERROR_CODE: Tag("network_error_code", _O, "§5.3.2.31"),
    MESSAGE_PAYLOAD: Tag("message_payload", _O, "§5.3.2.32"),
    0x0425: Tag("delivery_failure_reason", _I, "§5.3.2.33"),
    0x0426: Tag("more_messages_to_send", _I, "§5.3.2.34"),
    MESSAGE_STATE: Tag("message_state", _I, "§5.3.2.35"),
    0x0501: Tag("ussd_service_op", _O, "§5.3.2.44"),
    0x1201: Tag("display_time", _I, "§5.3.2.26"),
    0x1203: Tag("sms_signal", _I, "§5.3.2.40"),
    0x1204: Tag("ms_validity", _I, "§5.3.2.27"),
    0x130C: Tag("alert_on_message_delivery", _O, "§5.3.2.41"),
    0x1380: Tag("its_reply_type", _I, "§5.3.2.42"),
    0x1383: Tag("its_session_info", _O, "§5.3.2.43"),
    # of v5.0
    0x0428: Tag("congestion_state", _I, "v5.0 §4.8.4"),
    0x0600: Tag("broadcast_channel_indicator", _I, "v5.0 §4.8.4"),
    0x0601: Tag("broadcast_content_type", _O, "v5.0 §4.8.4"),
    0x0602: Tag("broadcast_content_type_info", _O, "v5.0 §4.8.4"),
    0x0603: Tag("broadcast_message_class", _I, "v5.0 §4.8.4"),
    0x0604: Tag("broadcast_rep_num", _I, "v5.0 §4.8.4"),
    0x0605: Tag("broadcast_frequency_interval", _O, "v5.0 §4.8.4"),
    0x0606: Tag("broadcast_area_identifier", _O, "v5.0 §4.8.4"),
    0x0607: Tag("broadcast_error_status", _I, "v5.0 §4.8.4"),
    0x0608: Tag("broadcast_area_success", _I, "v5.0 §4.8.4"),
    0x0609: Tag("broadcast_end_time", _C, "v5.0 §4.8.4"),
    0x060A: Tag("broadcast_service_group", _O, "v5.0 §4.8.4"),
    0x060B: Tag("billing_identification", _O, "v5.0 §4.8.4"),
    0x060D: Tag("source_network_id", _C, "v5.0 §4.8.4"),
    0x060E: Tag("dest_network_id", _C, "v5.0 §4.8.4"),
    0x060F: Tag("source_node_id", _O, "v5.0 §4.8.4"),
    0x0610: Tag("dest_node_id", _O, "v5.0 §4.8.4"),
    0x0611: Tag("dest_addr_np_resolution", _I, "v5.0 §4.8.4"),
    0x0612: Tag("dest_addr_np_information", _O, "v5.0 §4.8.4"),
    0x0613: Tag("dest_addr_np_country", _O, "v5.0 §4.8.4"),
}

_HEAD = Struct(">HH")


def pack(tlvs: dict[int, bytes]) -> bytes:
    """Write tags in the order given. Source: SMPP v3.4 §3.2.4.1."""
    return b"".join([_HEAD.pack(tag, len(value)) + value for tag, value in tlvs.items()])


def unpack(octets: bytes, position: int) -> tuple[dict[int, bytes], int]:
    """Read tags from a position to the end; the last of a repeated tag wins. Returns them, and how many
    octets are left: what stands behind the last whole tag cannot be read, and takes nothing from what could.
    Nor does a NUL before the first, with which some peers end a short_message.
    """
    end = len(octets)
    tlvs, reached = _read(octets, position)
    if reached < end and octets[position] == 0:
        behind_nul, reached_so = _read(octets, position + 1)
        if behind_nul and reached_so == end:
            return behind_nul, 1
    return tlvs, end - reached


def _read(octets: bytes, position: int) -> tuple[dict[int, bytes], int]:
    """Read whole tags; returns them, and where the last one ends."""
    tlvs: dict[int, bytes] = {}
    end = len(octets)
    while position + 4 <= end:
        tag, length = _HEAD.unpack_from(octets, position)
        if position + 4 + length > end:
            break
        position += 4
        tlvs[tag] = octets[position : position + length]
        position += length
    return tlvs, position


def name(tag: int) -> str:
    """Spell a tag for people: its name, or its number in hex."""
    return TAGS[tag].name if tag in TAGS else f"0x{tag:04X}"


def sar(tlvs: Mapping[int, bytes]) -> tuple[int, int, int] | None:
    """Find which segment a message is: (reference, total, number); None where the tags make no sense. Source:
    SMPP v3.4 §5.3.2.22 to §5.3.2.24.
    """
    values = [tlvs.get(tag, b"") for tag in (SAR_MSG_REF_NUM, SAR_TOTAL_SEGMENTS, SAR_SEGMENT_SEQNUM)]
    if [len(value) for value in values] != [2, 1, 1]:
        return None
    reference, total, number = (int.from_bytes(value, "big") for value in values)
    return (reference, total, number) if 1 <= number <= total else None
