"""The national language tables of the GSM 7-bit alphabet, as data.

A locking shift table takes the place of the default alphabet: 128 characters, written here in eight rows of
sixteen. ESCAPE stands at 0x1B as there, RESERVED where the specification has nothing. A single shift table
takes the place of the extension table: what an escape and a septet mean together. Nine scripts of India share
one layout, and most single shift tables a common part: each is written once.

Where printed editions have evident slips the corrected character stands here (docs/quirks.md): DDA and not a
second PA in Kannada, the digits of Tamil and Telugu. Source: 3GPP TS 23.038 §A.2 (single shift), §A.3
(locking shift).
"""

from __future__ import annotations

from enum import IntEnum

RESERVED = "\ufffd"


class Language(IntEnum):
    """National language identifiers. Source: 3GPP TS 23.038 §6.2.1.2.4."""

    DEFAULT = 0
    TURKISH = 1
    SPANISH = 2
    PORTUGUESE = 3
    BENGALI = 4
    GUJARATI = 5
    HINDI = 6
    KANNADA = 7
    MALAYALAM = 8
    ORIYA = 9
    PUNJABI = 10
    TAMIL = 11
    TELUGU = 12
    URDU = 13


#: the scripts of India have their letters at the same places of their blocks of Unicode, and in their tables
_DEVANAGARI = (
    "\u0901\u0902\u0903\u0905\u0906\u0907\u0908\u0909\u090a\u090b\n\u090c\u090d\r\u090e\u090f"
    "\u0910\u0911\u0912\u0913\u0914\u0915\u0916\u0917\u0918\u0919\u091a\x1b\u091b\u091c\u091d\u091e"
    " !\u091f\u0920\u0921\u0922\u0923\u0924)(\u0925\u0926,\u0927.\u0928"
    "0123456789:;\u0929\u092a\u092b?"
    "\u092c\u092d\u092e\u092f\u0930\u0931\u0932\u0933\u0934\u0935\u0936\u0937\u0938\u0939\u093c\u093d"
    "\u093e\u093f\u0940\u0941\u0942\u0943\u0944\u0945\u0946\u0947\u0948\u0949\u094a\u094b\u094c\u094d"
    "\u0950abcdefghijklmno"
    "pqrstuvwxyz\u0972\u097b\u097c\u097e\u097f"
)


def _script(block: int, own: str, missing: str) -> str:
    """Make another script's locking shift table of Devanagari's: moved to its own block of Unicode.

    `own`: its characters at 0x60 and from 0x7B on; `missing`: places in the block, in hex, where the script
    has no such letter.
    """
    places = bytes.fromhex(missing)
    moved = {0x0900 + place: RESERVED if place in places else chr(block + place) for place in range(0x80)}
    table = _DEVANAGARI.translate(moved)
    return table[:0x60] + own[0] + table[0x61:0x7B] + own[1:]


LOCKING: dict[Language, str] = {
    Language.TURKISH: (
        "@£$¥€éùıòÇ\nĞğ\rÅå"
        "Δ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ"
        " !\"#¤%&'()*+,-./"
        "0123456789:;<=>?"
        "İABCDEFGHIJKLMNO"
        "PQRSTUVWXYZÄÖÑÜ§"
        "çabcdefghijklmno"
        "pqrstuvwxyzäöñüà"
    ),
    Language.PORTUGUESE: (
        "@£$¥êéúíóç\nÔô\rÁá"
        "Δ_ªÇÀ\u221e^\\€Ó|\x1bÂâÊÉ"
        " !\"#º%&'()*+,-./"
        "0123456789:;<=>?"
        "ÍABCDEFGHIJKLMNO"
        "PQRSTUVWXYZÃÕÚÜ§"
        "~abcdefghijklmno"
        "pqrstuvwxyzãõ`üà"
    ),
    Language.BENGALI: _script(
        0x0980, "\u09ce\u09d7\u09dc\u09dd\u09f0\u09f1", missing="0d 0e 11 12 29 31 33 34 35 45 46 49 4a"
    ),
    Language.GUJARATI: _script(
        0x0A80, "\u0ad0\u0ae0\u0ae1\u0ae2\u0ae3\u0af1", missing="0e 12 29 31 34 46 4a"
    ),
    Language.HINDI: _DEVANAGARI,
    Language.KANNADA: _script(0x0C80, "\u0cd5\u0cd6\u0ce0\u0ce1\u0ce2\u0ce3", missing="01 0d 11 29 34 45 49"),
    Language.MALAYALAM: _script(
        0x0D00, "\u0d57\u0d60\u0d61\u0d62\u0d63\u0d79", missing="01 0d 11 29 3c 45 49"
    ),
    Language.ORIYA: _script(
        0x0B00, "\u0b56\u0b57\u0b60\u0b61\u0b62\u0b63", missing="0d 0e 11 12 29 31 34 45 46 49 4a"
    ),
    Language.PUNJABI: _script(
        0x0A00,
        "\u0a51\u0a70\u0a71\u0a72\u0a73\u0a74",
        missing="0b 0c 0d 0e 11 12 29 31 34 37 3d 43 44 45 46 49 4a",
    ),
    Language.TAMIL: _script(
        0x0B80,
        "\u0bd0\u0bd7\u0bf0\u0bf1\u0bf2\u0bf9",
        missing="01 0b 0c 0d 11 16 17 18 1b 1d 20 21 22 25 26 27 2b 2c 2d 3c 3d 43 44 45 49",
    ),
    Language.TELUGU: _script(0x0C00, "\u0c55\u0c56\u0c60\u0c61\u0c62\u0c63", missing="0d 11 29 34 3c 45 49"),
    Language.URDU: (
        "\u0627\u0622\u0628\u067b\u0680\u067e\u06a6\u062a\u06c2\u067f\n\u0679\u067d\r\u067a\u067c"
        "\u062b\u062c\u0681\u0684\u0683\u0685\u0686\u0687\u062d\u062e\u062f\x1b\u068c\u0688\u0689\u068a"
        " !\u068f\u068d\u0630\u0631\u0691\u0693)(\u0699\u0632,\u0696.\u0698"
        "0123456789:;\u069a\u0633\u0634?"
        "\u0635\u0636\u0637\u0638\u0639\u0641\u0642\u06a9\u06aa\u06ab\u06af\u06b3\u06b1\u0644\u0645\u0646"
        "\u06ba\u06bb\u06bc\u0648\u06c4\u06d5\u06c1\u06be\u0621\u06cc\u06d0\u06d2\u064d\u0650\u064f\u0657"
        "\u0654abcdefghijklmno"
        "pqrstuvwxyz\u0655\u0651\u0653\u0656\u0670"
    ),
}


def _spread(runs: dict[int, str]) -> dict[int, str]:
    """Give each septet its character, from runs of neighbours by the first one's septet."""
    return {first + at: character for first, run in runs.items() for at, character in enumerate(run)}


#: the default alphabet's, which the Latin ones add to. Source: 3GPP TS 23.038 §6.2.1.1
EXTENSION_TABLE = _spread({0x0A: "\f", 0x14: "^", 0x28: "{}", 0x2F: "\\", 0x3C: "[~]", 0x40: "|", 0x65: "€"})

#: what the single shift tables of South Asia share
_SHARED = _spread(
    {
        0x00: "@£$¥¿\"¤%&'\f*+",
        0x0E: "-/<=>¡^¡_#*",
        0x28: "{}",
        0x2F: "\\",
        0x3C: "[~]",
        0x40: "|ABCDEFGHIJKLMNO",
        0x50: "PQRSTUVWXYZ",
    }
)
#: where they have what is a script's own, the euro sign first
_PLACES = (0x65, 0x19, 0x1A, *range(0x1C, 0x28), *range(0x2A, 0x2F), *range(0x30, 0x3C), 0x3F)


def _south_asian(own: str) -> dict[int, str]:
    """Put a script's own characters at their places; RESERVED where it has none."""
    return _SHARED | {at: mark for at, mark in zip(_PLACES, own, strict=False) if mark != RESERVED}


SINGLE: dict[Language, dict[int, str]] = {
    Language.TURKISH: EXTENSION_TABLE
    | _spread({0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"}),
    Language.SPANISH: EXTENSION_TABLE
    | _spread(
        {0x09: "ç", 0x41: "Á", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x61: "á", 0x69: "í", 0x6F: "ó", 0x75: "ú"}
    ),
    Language.PORTUGUESE: EXTENSION_TABLE
    | _spread(
        {
            0x05: "ê",
            0x09: "ç",
            0x0B: "Ôô",
            0x0E: "Áá",
            0x12: "ΦΓ",
            0x15: "ΩΠΨΣΘ",
            0x1F: "Ê",
            0x41: "À",
            0x49: "Í",
            0x4F: "Ó",
            0x55: "Ú",
            0x5B: "ÃÕ",
            0x61: "Â",
            0x69: "í",
            0x6F: "ó",
            0x75: "ú",
            0x7B: "ãõ",
            0x7F: "â",
        }
    ),
    Language.BENGALI: _south_asian(
        "€\u09e6\u09e7\u09e8\u09e9\u09ea\u09eb\u09ec\u09ed\u09ee\u09ef\u09df\u09e0\u09e1\u09e2\u09e3"
        "\u09f2\u09f3\u09f4\u09f5\u09f6\u09f7\u09f8\u09f9\u09fa"
    ),
    Language.GUJARATI: _south_asian(
        "€\u0964\u0965\u0ae6\u0ae7\u0ae8\u0ae9\u0aea\u0aeb\u0aec\u0aed\u0aee\u0aef"
    ),
    Language.HINDI: _south_asian(
        "€\u0964\u0965\u0966\u0967\u0968\u0969\u096a\u096b\u096c\u096d\u096e\u096f\u0951\u0952\u0953"
        "\u0954\u0958\u0959\u095a\u095b\u095c\u095d\u095e\u095f\u0960\u0961\u0962\u0963\u0970\u0971"
    ),
    Language.KANNADA: _south_asian(
        "€\u0964\u0965\u0ce6\u0ce7\u0ce8\u0ce9\u0cea\u0ceb\u0cec\u0ced\u0cee\u0cef\u0cde\u0cf1\u0cf2"
    ),
    Language.MALAYALAM: _south_asian(
        "€\u0964\u0965\u0d66\u0d67\u0d68\u0d69\u0d6a\u0d6b\u0d6c\u0d6d\u0d6e\u0d6f\u0d70\u0d71\u0d72"
        "\u0d73\u0d74\u0d75\u0d7a\u0d7b\u0d7c\u0d7d\u0d7e\u0d7f"
    ),
    Language.ORIYA: _south_asian(
        "€\u0964\u0965\u0b66\u0b67\u0b68\u0b69\u0b6a\u0b6b\u0b6c\u0b6d\u0b6e\u0b6f\u0b5c\u0b5d\u0b5f"
        "\u0b70\u0b71"
    ),
    Language.PUNJABI: _south_asian(
        "€\u0964\u0965\u0a66\u0a67\u0a68\u0a69\u0a6a\u0a6b\u0a6c\u0a6d\u0a6e\u0a6f\u0a59\u0a5a\u0a5b"
        "\u0a5c\u0a5e\u0a75"
    ),
    Language.TAMIL: _south_asian(
        "€\u0964\u0965\u0be6\u0be7\u0be8\u0be9\u0bea\u0beb\u0bec\u0bed\u0bee\u0bef\u0bf3\u0bf4\u0bf5"
        "\u0bf6\u0bf7\u0bf8\u0bfa"
    ),
    Language.TELUGU: _south_asian(
        "\ufffd\ufffd\ufffd\u0c66\u0c67\u0c68\u0c69\u0c6a\u0c6b\u0c6c\u0c6d\u0c6e\u0c6f\u0c58\u0c59\u0c78"
        "\u0c79\u0c7a\u0c7b\u0c7c\u0c7d\u0c7e\u0c7f"
    ),
    Language.URDU: _south_asian(
        "€\u0600\u0601\u06f0\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9\u060c\u060d\u060e"
        "\u060f\u0610\u0611\u0612\u0613\u0614\u061b\u061f\u0640\u0652\u0658\u066b\u066c\u0672\u0673\u06cd\u06d4"
    ),
}
