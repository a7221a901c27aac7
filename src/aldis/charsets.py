"""The charsets in which texts and documents come, by every name that is in use for them. Pure.

The table is closed: Python knows encodings that are no charsets, and remembers every name that it was asked
for. A name stands for the wider set that is written under it. Source: IANA, Character Sets (names, aliases,
MIBenum); WAP-230-WSP, table 42, for the numbers; WHATWG Encoding §4.2 for the wider sets.
"""

from __future__ import annotations

import codecs
import re

#: what Python calls a charset → its names in small letters and digits, and its numbers
_NAMES = {
    "utf_8": "utf8 unicode11utf8 csutf8 xunicode20utf8 106",
    "utf_16": "utf16 csutf16 iso10646ucs2 csunicode ucs2 unicode iso10646 iso10646unicode11 1000 1015",
    "utf_16_be": "utf16be csutf16be ucs2be unicodefffe 1013",
    "utf_16_le": "utf16le csutf16le ucs2le 1014",
    "utf_32": "utf32 csutf32 iso10646ucs4 csucs4 ucs4 1001 1017",
    "utf_32_be": "utf32be csutf32be 1018",
    "utf_32_le": "utf32le csutf32le 1019",
    "ascii": "usascii ascii iso646us ansix341968 ansix341986 iso646irv1991 isoir6 us csascii ibm367 cp367 3",
    "cp1252": "iso88591 iso885911987 isoir100 latin1 l1 csisolatin1 ibm819 cp819 windows1252 cp1252 xcp1252 "
    "cswindows1252 iso88591windows30latin1 iso88591windows31latin1 ansi 4 2000 2001 2252",
    "iso8859_2": "iso88592 iso885921987 isoir101 latin2 l2 csisolatin2 5",
    "iso8859_3": "iso88593 iso885931988 isoir109 latin3 l3 csisolatin3 6",
    "iso8859_4": "iso88594 iso885941988 isoir110 latin4 l4 csisolatin4 7",
    "iso8859_5": "iso88595 iso885951988 isoir144 cyrillic csisolatincyrillic 8",
    "iso8859_6": "iso88596 iso885961987 isoir127 arabic ecma114 asmo708 csisolatinarabic iso88596i 9",
    "iso8859_7": "iso88597 iso885971987 isoir126 greek greek8 ecma118 elot928 csisolatingreek 10",
    "iso8859_8": "iso88598 iso885981988 isoir138 hebrew csisolatinhebrew iso88598i iso88598e "
    "csiso88598i 11 85",
    "cp1254": "iso88599 iso885991989 isoir148 latin5 l5 csisolatin5 windows1254 cp1254 xcp1254 "
    "cswindows1254 12 2254",
    "iso8859_10": "iso885910 iso8859101992 isoir157 latin6 l6 csisolatin6 13",
    "iso8859_13": "iso885913 csiso885913 latin7 l7 109",
    "iso8859_14": "iso885914 iso8859141998 isoir199 latin8 l8 isoceltic csiso885914 110",
    "iso8859_15": "iso885915 latin9 csiso885915 l9 111",
    "iso8859_16": "iso885916 iso8859162001 isoir226 latin10 l10 csiso885916 112",
    **{
        f"cp{page}": f"windows{page} cp{page} xcp{page} cswindows{page} {page} {page + 1000}"
        for page in (1250, 1251, 1253, 1255, 1256, 1257, 1258)
    },
    **{f"cp{page}": f"ibm{page} cp{page} csibm{page} {page}" for page in (850, 852, 855, 857, 862, 866)},
    "cp437": "ibm437 cp437 437 cspc8codepage437 2011",
    "cp858": "ibm00858 cp858 cp00858 ccsid00858 csibm00858 2089",
    "cp874": "tis620 cstis620 iso885911 iso8859112001 windows874 cp874 cswindows874 dos874 2109 2259",
    "koi8_r": "koi8r cskoi8r koi koi8 2084",
    "koi8_u": "koi8u cskoi8u koi8ru 2088",
    "cp932": "shiftjis csshiftjis mskanji sjis xsjis windows31j cswindows31j ms932 cp932 17 2024",
    "euc_jp": "eucjp xeucjp cseucpkdfmtjapanese extendedunixcodepackedformatforjapanese 18",
    "iso2022_jp": "iso2022jp csiso2022jp 39",
    "cp949": "euckr cseuckr ksc56011987 ksc56011989 ksc5601 isoir149 korean csksc56011987 windows949 cp949 "
    "uhc 36 38",
    "iso2022_kr": "iso2022kr csiso2022kr 37",
    "gb18030": "gb18030 gb180302000 csgb18030 gb2312 csgb2312 gb231280 gbk csgbk cp936 ms936 windows936 xgbk "
    "euccn chinese isoir58 csiso58gb231280 57 113 114 2025",
    "hz": "hzgb2312 hz 2085",
    "cp950": "big5 csbig5 cnbig5 xxbig5 big5eten windows950 ms950 cp950 2026",
    "big5hkscs": "big5hkscs csbig5hkscs 2101",
    "mac_roman": "macintosh mac csmacintosh macroman xmacroman 2027",
    "mac_cyrillic": "xmaccyrillic maccyrillic xmacukrainian",
}
_CODEC_OF = {name: codec for codec, names in _NAMES.items() for name in names.split()}
_PARAMETER = re.compile(r""";\s*charset\s*=\s*["']?([^"';\s]{1,64})""", re.IGNORECASE)
#: longest first: the mark of UTF-32 begins with that of UTF-16
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf_32_le"),
    (codecs.BOM_UTF32_BE, "utf_32_be"),
    (codecs.BOM_UTF8, "utf_8"),
    (codecs.BOM_UTF16_LE, "utf_16_le"),
    (codecs.BOM_UTF16_BE, "utf_16_be"),
)
_ALL_MARKS = tuple(mark for mark, _ in _MARKS)
#: without a mark they are big-endian. Source: RFC 2781 §4.3
_WITHOUT_MARK = {"utf_16": "utf_16_be", "utf_32": "utf_32_be"}
#: labels that say nothing: what is not UTF-8 is then of this
_LAST = "cp1252"


def codec_of(charset: str) -> str | None:
    """Give Python's codec for a charset's name or number, in any case and with any signs; None for others."""
    return _CODEC_OF.get("".join([letter for letter in charset[:64].lower() if letter.isalnum()]))


def charset_of(content_type: str) -> str:
    """Give the charset that a Content-Type names; "" for none."""
    found = _PARAMETER.search(content_type)
    return found[1] if found else ""


def decode(octets: bytes, charset: str) -> str | None:
    """Read octets as a charset, or as their byte order mark says, which is left out; None where they are not
    of it, or nobody knows it.
    """
    if octets.startswith(_ALL_MARKS):
        mark, codec = next((mark, codec) for mark, codec in _MARKS if octets.startswith(mark))
        return _decoded(octets[len(mark) :], codec)
    codec = codec_of(charset) or ""
    return _decoded(octets, _WITHOUT_MARK.get(codec, codec)) if codec else None


def text_of(octets: bytes, charset: str) -> str:
    """Read a text as well as that can be. US-ASCII, an unknown charset and none say nothing: it is UTF-8 if
    it can be, else Windows-1252. What cannot be read is replaced.
    """
    codec = codec_of(charset)
    if codec in (None, "ascii"):
        found = decode(octets, "utf-8")
        return octets.decode(_LAST, "replace") if found is None else found
    found = decode(octets, charset)
    return octets.decode(_WITHOUT_MARK.get(codec, codec), "replace") if found is None else found


def _decoded(octets: bytes, codec: str) -> str | None:
    try:
        return octets.decode(codec)
    except UnicodeError:
        return None
