"""Documents of strangers: a DOCTYPE is found in whatever encoding it hides, and values are all the text there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aldis.dialects import parameters

HIDDEN = '<!DOCTYPE a [<!ENTITY b "c">]><a><x>&b;</x></a>'
DOCUMENTS = {
    "utf-8": HIDDEN.encode(),
    "utf-8 with a mark": b"\xef\xbb\xbf" + HIDDEN.encode(),
    "utf-16": HIDDEN.encode("utf-16"),
    "utf-16 without a mark": f'<?xml version="1.0" encoding="UTF-16BE"?>{HIDDEN}'.encode("utf-16-be"),
    "utf-32": HIDDEN.encode("utf-32"),
    "utf-7": b'<?xml version="1.0" encoding="UTF-7"?>' + HIDDEN.encode("utf-7"),
    "latin-1": f'<?xml version="1.0" encoding="ISO-8859-1"?>{HIDDEN}'.encode("latin-1"),
    "ebcdic": f'<?xml version="1.0" encoding="IBM037"?>{HIDDEN}'.encode("cp037"),
    "behind a comment": b"<!-- x -->" + HIDDEN.encode(),
    "behind an instruction": b"<?x y?>" + HIDDEN.encode(),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_doctype_is_refused_in_every_encoding(name: str) -> None:
    with pytest.raises(parameters.Unreadable):
        parameters.xml_root(DOCUMENTS[name])


text = st.text(st.characters(min_codepoint=32, blacklist_categories=("Cs", "Cn", "Co")), max_size=8)
elements = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "A", "{urn:x}a", "{urn:x}C"]), text, st.lists(text, max_size=2), text
    ),
    max_size=5,
)


@given(elements)
def test_values_are_all_the_text_of_the_first_of_each_name(
    given_: list[tuple[str, str, list[str], str]],
) -> None:
    root = etree.Element("root")
    expected: dict[str, str] = {}
    for tag, before, inner, tail in given_:
        child = etree.SubElement(root, tag)
        child.text = before
        for each in inner:
            nested = etree.SubElement(child, "n")
            nested.text, nested.tail = each, tail
        expected.setdefault(tag.rpartition("}")[2], before + "".join(each + tail for each in inner))
    read = parameters.xml_root(etree.tostring(root))
    assert parameters.xml_values(read) == expected
    lowered: dict[str, str] = {}
    for name, text in expected.items():
        lowered.setdefault(name.lower(), text)
    assert parameters.xml_values(read, in_any_case=True) == lowered
