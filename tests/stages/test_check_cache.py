"""What is cached under one version of the directory says nothing under another, whoever asks last."""

from __future__ import annotations

import msgspec

from aldis.accounts.directory import Directory, assemble
from aldis.stages.admission.check_cache import CheckCache
from aldis.stages.admission.context import AdmissionContext
from tests.stages.test_content import a_context


def under(context: AdmissionContext, directory: Directory) -> AdmissionContext:
    """The same asked under another version."""
    return msgspec.structs.replace(context, directory=directory)


def test_what_was_judged_under_an_old_directory_is_not_cached_for_the_new_one() -> None:
    cache, old = CheckCache(), a_context(1)
    new = under(old, assemble(2, [], [], [], [], []))
    assert cache.apply(old) is None
    assert cache.apply(new) is None  # while the old one is asked in a thread
    cache.put(old, ())
    assert cache.apply(new) is None
    cache.put(new, ())
    assert cache.apply(new) == ()
    assert cache.apply(old) is None
