"""Pictures are looked into and made smaller, if Pillow is there."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.mms.images import FORMATS, fault_of, is_available, shrunk
from aldis.mms.parts import Part
from tests.mms.photos import a_corner, a_photo, corner, frames, is_tagged, several, size
from tests.mms.samples import AMR, PNG

pytestmark = pytest.mark.skipif(not is_available, reason="Pillow is not installed")


def test_a_whole_picture_is_fine() -> None:
    assert fault_of("image/png", PNG) == ""
    for media_type, form in FORMATS.items():
        assert fault_of(media_type, a_photo(form)) == "", media_type


def test_a_damaged_or_disguised_picture_is_not() -> None:
    assert fault_of("image/png", PNG[:40] + b"\0\0\0\0" + PNG[44:]) == "is damaged"
    assert fault_of("image/jpeg", PNG) == "is damaged"
    assert fault_of("image/jpeg", b"\xff\xd8\xff\xe0nothing") == "is damaged"


@pytest.mark.parametrize(("width", "height"), [(8_000, 8_000), (60_000, 60_000)])
def test_a_small_file_with_too_many_pixels_is_refused_before_they_are_made(width: int, height: int) -> None:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(head)) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    assert fault_of("image/png", PNG[:8] + chunk + PNG[33:]) == "has too many pixels"


@given(
    st.sampled_from(sorted(FORMATS)),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM"]),
    st.binary(max_size=200),
)
def test_no_octets_make_it_raise(media_type: str, opening: bytes, octets: bytes) -> None:
    assert fault_of(media_type, opening + octets) in ("", "is damaged", "has too many pixels")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_shrinks_until_it_fits(form: str) -> None:
    media_type = f"image/{form.lower()}"
    photo = Part(media_type, a_photo(form))
    sound = Part("audio/amr", AMR)
    most = len(photo.octets) // 3 + len(AMR)
    smaller, same = shrunk([photo, sound], most)
    assert len(smaller.octets) + len(same.octets) <= most
    assert same == sound
    assert fault_of(media_type, smaller.octets) == ""


def test_what_cannot_shrink_stays_as_it_is() -> None:
    parts = [Part("image/png", b"\x89PNG broken"), Part("audio/amr", AMR)]
    assert shrunk(parts, 200) == parts
    assert shrunk(parts, 10) == parts


#: EXIF's orientation → where the red corner of the stored pixels is shown: right, below
SHOWN = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}


@pytest.mark.parametrize("orientation", SHOWN)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_keeps_its_orientation(form: str, orientation: int) -> None:
    media_type = f"image/{form.lower()}"
    part = Part(media_type, a_corner(form, orientation))
    (smaller,) = shrunk([part], len(part.octets) // 2)
    assert len(smaller.octets) < len(part.octets)
    assert (corner(smaller.octets), is_tagged(smaller.octets)) == (SHOWN[orientation], False)
    is_tall = orientation > 4
    assert (size(smaller.octets)[0] < size(smaller.octets)[1]) is is_tall


def test_a_picture_that_needs_no_turning_keeps_its_profile() -> None:
    part = Part("image/jpeg", a_corner("JPEG", 6, icc_profile=b"a profile of colours"))
    (smaller,) = shrunk([part], len(part.octets) // 2)
    assert b"a profile of colours" in smaller.octets


def test_jpegs_of_several_pictures_are_made_smaller() -> None:
    photo = Part("image/jpeg", several(), "a", "a")
    assert fault_of("image/jpeg", photo.octets) == ""
    (smaller,) = shrunk([photo], len(photo.octets) // 4)
    assert len(smaller.octets) <= len(photo.octets) // 4
    assert frames(smaller.octets) == 1
    assert frames(photo.octets) == 2


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_moving_pictures_stay_as_they_are(form: str) -> None:
    part = Part(f"image/{form.lower()}", several(form))
    assert frames(part.octets) == 2
    assert shrunk([part], len(part.octets) // 2) == [part]


def test_a_broken_exif_does_not_keep_a_picture_large() -> None:
    part = Part("image/jpeg", a_corner("JPEG", 6).replace(b"Exif\0\0II*\0\x08\0", b"Exif\0\0II*\0\xff\xff"))
    (smaller,) = shrunk([part], len(part.octets) // 2)
    assert len(smaller.octets) < len(part.octets)


@pytest.mark.slow
def test_without_pillow_everything_else_works(tmp_path: Path) -> None:
    (tmp_path / "aldis.toml").write_text(
        '[messages]\nmms_verify = true\n[[link]]\nname = "m"\nkind = "mm7"\nurl = "http://127.0.0.1/"\n'
        "max_octets = 100\ndownscale = true\n"
    )
    program = (
        "import sys; sys.modules['PIL'] = None; from aldis.mms import images; assert images.fault_of('image/png', b'') == ''; "
        "from aldis.cli.main import main; sys.argv = ['aldis', 'config', 'check']; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "aldis.toml is in order" in ended.stdout
    for setting in ("downscale of link `m`", "mms_verify of [messages]"):
        assert f"{setting} has no effect: Pillow is not installed" in ended.stderr
