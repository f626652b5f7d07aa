"""Pictures: whatever tells who took them, where and when is gone; what they show is the same, pixel for pixel."""

import io
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image, ImageCms, ImageSequence

from postern.mail.files import colour_profile
from postern.mail.files.budget import Budget
from postern.mail.files.cleaning import Cleaned, clean
from postern.mail.letter import Attachment
from postern.model.limits import Limits
from tests import planted
from tests.planted import PICTURES, jpeg, picture, png, png_chunk, saved, tells

LIMITS = Limits()
P3 = colour_profile._profile_of(colour_profile._SPACES[0])


def cleaned(octets: bytes, name: str = "photo", limits: Limits = LIMITS) -> Cleaned:
    return clean(Attachment(name, "application/octet-stream", octets), Budget(limits), "en")


def content_of(octets: bytes) -> bytes:
    file = cleaned(octets).file
    assert file is not None
    return file.content


def shown(octets: bytes) -> list[tuple[bytes, object]]:
    """Each frame's pixels, and how long it is shown."""
    with Image.open(io.BytesIO(octets)) as image:
        return [(frame.convert("RGBA").tobytes(), frame.info.get("duration")) for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_tells_nothing_but_what_it_shows(name: str) -> None:  # R1, M-06
    original = PICTURES[name]()
    content = content_of(original)
    assert tells(original) or name == "palette.png"
    assert not tells(content)
    assert shown(content) == shown(original)


@pytest.mark.parametrize("name", PICTURES)
def test_cleaning_twice_changes_nothing(name: str) -> None:
    content = content_of(PICTURES[name]())
    assert content_of(content) == content


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_gets_the_name_and_type_of_its_content(name: str) -> None:
    file = cleaned(PICTURES[name](), f"{name}.exe").file
    assert file is not None
    assert file.file_name == name
    with Image.open(io.BytesIO(file.content)) as image:
        assert file.media_type == {"image/mpo": "image/jpeg"}.get(Image.MIME[image.format or ""], Image.MIME[image.format or ""])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("make", [jpeg, lambda way: saved(picture(), "PNG", exif=planted.exif(way)),
                                  lambda way: saved(picture(), "WEBP", exif=planted.exif(way))])  # fmt: skip
def test_a_picture_is_held_as_before(make: Callable[[int], bytes], orientation: int) -> None:
    with Image.open(io.BytesIO(content_of(make(orientation)))) as image:
        kept = image.getexif()
        assert kept.get(0x0112, 1) == orientation
        assert set(kept) <= {0x0112}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_colour_space_of_telephones_stays_by_a_profile_of_ours(kind: str) -> None:
    theirs = P3.replace("Display P3".encode("utf-16-be"), "My planted".encode("utf-16-be")) + b"planted"
    content = content_of(saved(picture(), kind, icc_profile=theirs))
    assert not tells(content)
    with Image.open(io.BytesIO(content)) as image:
        assert image.info["icc_profile"] == P3
        assert ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(P3))).strip() == "Display P3"
        assert ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(P3)), ImageCms.createProfile("sRGB"))


def test_other_profiles_are_dropped() -> None:
    with Image.open(io.BytesIO(content_of(saved(picture(), "JPEG", icc_profile=planted.profile())))) as image:
        assert "icc_profile" not in image.info


def test_a_second_picture_behind_the_first_is_gone() -> None:
    both = saved(picture(), "MPO", save_all=True, append_images=[picture((9, 9))])
    content = content_of(both)
    with Image.open(io.BytesIO(content)) as image:
        assert getattr(image, "n_frames", 1) == 1
    assert content.count(b"\xff\xd8\xff") == 1


def test_a_photograph_cut_short_still_ends() -> None:
    content = content_of(jpeg()[:-200].partition(b"PK\x03\x04")[0][:3000])
    assert content.endswith(b"\xff\xd9")


@pytest.mark.parametrize(
    "octets",
    [
        png()[:200],
        planted.gif()[:-300],
        saved(picture(), "WEBP")[:200],
        saved(picture(), "TIFF")[:300],
        saved(picture(), "BMP")[:300],
        planted.avif()[:300],
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        planted.png_chunk(b"IHDR", bytes(13)),
        png()[:33] + png_chunk(b"CgBI", b"1234") + png()[33:],  # a chunk that a program must know
    ],
)
def test_a_broken_picture_is_withheld(octets: bytes) -> None:
    assert cleaned(octets) == Cleaned(None, ("photo",))


def test_a_picture_that_says_it_is_enormous_is_withheld() -> None:  # M-07
    assert cleaned(planted.huge_header(50_000, 50_000)).file is None
    assert cleaned(planted.huge_header(500, 500)).file


@pytest.mark.parametrize("name", PICTURES)
def test_every_kind_of_picture_meets_the_limit_of_pixels(name: str) -> None:
    octets = PICTURES[name]()
    with Image.open(io.BytesIO(octets)) as image:
        width, height = image.size
        pixels = width * height * (2 if image.format == "TIFF" else 1)
    assert cleaned(octets, limits=replace(LIMITS, image_pixels=pixels)).file
    assert cleaned(octets, limits=replace(LIMITS, image_pixels=pixels - 1)).file is None


def test_an_animation_keeps_its_loop() -> None:
    for make in (planted.gif, planted.apng):
        with Image.open(io.BytesIO(content_of(make()))) as image:
            assert image.info["loop"] == 2


def test_tables_of_a_photograph_hide_nothing() -> None:
    octets = saved(picture(), "JPEG")
    place = octets.find(b"\xff\xdb")
    length = int.from_bytes(octets[place + 2 : place + 4], "big")
    hiding = octets[:place] + b"\xff\xdb" + struct.pack(">H", length + 7) + octets[place + 4 : place + 2 + length] + b"planted"
    assert cleaned(hiding + octets[place + 2 + length :]).file is None
