"""What is remembered under one version of the directory says nothing under another, whoever asks last."""

from __future__ import annotations

import msgspec

from aldis.accounts.directory import Directory, assemble
from aldis.stages.admission.case import Case
from aldis.stages.admission.standing import Standings
from tests.stages.test_content import a_case


def under(case: Case, directory: Directory) -> Case:
    """The same asked under another version."""
    return msgspec.structs.replace(case, directory=directory)


def test_what_was_judged_under_an_old_directory_is_not_remembered_under_the_new_one() -> None:
    standings, old = Standings(), a_case(1)
    new = under(old, assemble(2, [], [], [], [], []))
    assert standings.adopt(old) is None
    assert standings.adopt(new) is None  # while the old one is asked in a thread
    standings.remember(old, ())
    assert standings.adopt(new) is None
    standings.remember(new, ())
    assert standings.adopt(new) == ()
    assert standings.adopt(old) is None
