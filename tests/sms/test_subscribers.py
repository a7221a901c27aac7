"""Numbers that one subscriber has had, or has in two forms."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aldis.sms.subscribers import canonical, spellings

#: the number as its plan has it now, and another spelling of it
SUBSCRIBERS: list[tuple[str, str | None]] = [
    ("525512345678", "5215512345678"),
    ("5491123456789", "541123456789"),
    ("5493514567890", "543514567890"),
    ("5491123456789", "54111523456789"),
    ("5493514567890", "54351154567890"),
    ("5492966412345", "54296615412345"),
    ("5511987654321", "551187654321"),
    ("5585951234567", None),  # behind the ninth digit no mobile had less than 6
    ("2290197123456", "22997123456"),
    ("2250707123456", "22507123456"),
    ("2250747123456", "22547123456"),
    ("2250504123456", "22504123456"),
    ("2250101123456", "22501123456"),
    ("2250140123456", "22540123456"),
    ("2252720212345", "22520212345"),  # landlines
    ("2252521012345", "22521012345"),
    ("2252122812345", "22522812345"),
    ("2252736712345", "22536712345"),
    ("24166123456", "24106123456"),
    ("24166123456", "2416123456"),
    ("24162123456", "24102123456"),
    ("24177123456", "24107123456"),
    ("24174123456", "2414123456"),
    ("24111720123", "24101720123"),
    ("23057123456", "2307123456"),
    ("23052512345", "2302512345"),
    ("23054912345", "2304912345"),
    ("23059012345", "2309012345"),
    ("23058712345", "2308712345"),
    ("2302101234", None),  # landlines
    ("2304612345", None),
    ("2304212345", None),  # it was a mobile's
    ("593991234567", "59391234567"),
    ("593985123456", "59385123456"),
    ("593959012345", "59359012345"),
    ("593969012345", "59369012345"),
    ("593939012345", "59339012345"),
    ("59322123456", None),  # landlines
    ("59377212345", None),
    ("995599123456", "99599123456"),
    ("995555123456", "99555123456"),
    ("995568123456", "99568123456"),
    ("995577123456", "99577123456"),
    ("995322123456", None),
    ("99532123456", None),  # a landline of before
    ("224622123456", None),
    ("244912345678", None),
    ("2250701123456", None),  # 01 was Moov's, so this one is new
    ("237677123456", "23777123456"),
    ("237699123456", "23799123456"),
    ("84321234567", "841621234567"),
    ("84701234567", "841201234567"),
    ("84591234567", "841991234567"),
    ("84901234567", None),
    ("551134567890", None),  # a landline
    ("14805550100", None),
    ("447911123456", None),
    ("5219", None),
    ("", None),
]


@pytest.mark.parametrize(("now", "before"), SUBSCRIBERS)
def test_a_subscriber_is_known_under_every_spelling(now: str, before: str | None) -> None:
    known = {now} if before is None else {now, before}
    found = spellings(now)
    assert found[0] == now
    assert known <= set(found) if before is not None else known == set(found)
    assert [spellings(each) for each in known] == [found] * len(known)
    assert {canonical(each) for each in known} == {now}


@pytest.mark.parametrize("now", [now for now, before in SUBSCRIBERS if before is not None])
def test_what_a_number_is_now_is_valid(now: str) -> None:
    assert phonenumbers.is_valid_number(phonenumbers.parse(f"+{now}"))


@given(
    st.sampled_from(
        [
            "52",
            "521",
            "54",
            "549",
            "5411",
            "541115",
            "5435115",
            "5511",
            "241",
            "2416",
            "2410",
            "225",
            "22501",
            "22507",
            "229",
            "22901",
            "230",
            "2305",
            "2307",
            "593",
            "5939",
            "995",
            "9955",
            "237",
            "841",
            "843",
            "1",
        ]
    ),
    st.text("0123456789", max_size=12),
)
@example("5411", "15705174")
@example("5435115", "5115155")
def test_all_spellings_name_one_another(begins: str, digits: str) -> None:
    number = begins + digits
    known = spellings(number)
    assert number in known
    assert len(set(known)) == len(known)
    assert all(set(spellings(each)) == set(known) for each in known)
    assert {canonical(each) for each in known} == {known[0]}
