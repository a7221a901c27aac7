"""A key of a settings file is changed where it stands, and nothing else in the file is."""

from __future__ import annotations

import pytest

from aldis.errors import SettingsError
from aldis.toml_file import parse, with_text

URL = 'postgresql://u:p%22@h/d?a="b\\c"'
SAID = r'url = "postgresql://u:p%22@h/d?a=\"b\\c\""'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "\n[store]\nurl\n"),
        ("[http]\n", "[http]\n\n[store]\nurl\n"),
        ("[http]\nlisten = 1", "[http]\nlisten = 1\n\n[store]\nurl\n"),
        ("[store]\n", "[store]\nurl\n"),
        ("[store]", "[store]\nurl\n"),
        ('[store]\nurl = "a"\n', "[store]\nurl\n"),
        ("[store]\nurl = 'a'\nb = 1\n[http]\nurl = 'x'\n", "[store]\nurl\nb = 1\n[http]\nurl = 'x'\n"),
        ('# [store]\n  [ store ]\n  url="a" # here\n', "# [store]\n  [ store ]\nurl\n"),
        ('[store]\n"url" = "a"\n', "[store]\nurl\n"),
        ('[http]\nurl = "x"\n[store]\nb = 1\n', '[http]\nurl = "x"\n[store]\nurl\nb = 1\n'),
        ('store = { url = "a" }\n', None),
        ('store.url = "a"\n', None),
        ('[store]\nurl = """\na"""\n', None),
    ],
)
def test_one_key_is_changed(before: str, after: str | None) -> None:
    if after is None:
        with pytest.raises(SettingsError, match="write it by hand"):
            with_text(before, "store", "url", URL, "aldis.toml")
        return
    written = with_text(before, "store", "url", URL, "aldis.toml")
    assert written == "\n".join(SAID if line == "url" else line for line in after.split("\n"))
    assert parse(written, "aldis.toml")["store"]["url"] == URL
