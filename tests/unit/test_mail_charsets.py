"""M-05: text in every charset, by its name or, where that lies or is missing, by what the octets look like."""

import codecs
import encodings
import pkgutil

import pytest

from postern.mail.letter import Reading, Relayed
from postern.mail.reader import read
from postern.mail.reading.charsets import by_evidence, codec_of, decode
from postern.mail.rewrite import rewrite
from tests.letters import FROM_ANN, LIMITS

CHINESE = "你好。我上个月买的地图还没有到。请问什么时候可以收到。谢谢。"
TRADITIONAL = "您好。我上個月買的地圖還沒有到。請問什麼時候可以收到。謝謝。"
JAPANESE = "先月ご注文しました地図がまだ届いていません。いつ届きますか。"
KOREAN = "지난달에 주문한 지도가 아직 도착하지 않았습니다. 언제 받을 수 있을까요?"
RUSSIAN = "Здравствуйте, атлас до сих пор не пришёл. Когда я смогу получить книгу?"
GERMAN = "Grüße aus München: der Atlas ist noch nicht da, wie ärgerlich! Wo bleibt er?"


def text_in(charset: str, octets: bytes, kind: str = "plain") -> Reading:
    head = f"From: ann@mail.test\r\nContent-Type: text/{kind}" + (f"; charset={charset}" if charset else "") + "\r\n\r\n"
    return read(head.encode() + octets, LIMITS)


@pytest.mark.parametrize(
    "charset, octets, words",
    [
        ("gb2312", "镕基 你好".encode("gbk"), "镕基 你好"),  # a name that GB 2312 cannot write
        ("gb2312", "𠮷野家".encode("gb18030"), "𠮷野家"),
        ("iso-2022-cn", b"\x1b$)A\x0eDc:C\x0f, Ann", "你好, Ann"),
        ("iso-2022-kr", KOREAN.encode("iso2022_kr"), KOREAN),
        ("iso-2022-jp", JAPANESE.encode("iso2022_jp"), JAPANESE),
        ("iso-2022-jp", b"\x1b$B$^$_$`", "まみむ"),  # without the way back to ASCII
        ("hz-gb-2312", CHINESE.encode("hz"), CHINESE),
        ("utf-16", "日本".encode("utf-16"), "日本"),
        ("utf-16", "日本".encode("utf-16-be"), "日本"),
        ("utf-16", "Atlas".encode("utf-16-le"), "Atlas"),
        ("utf-16", GERMAN.encode(), GERMAN),  # plainly wrong
        ("utf-8", b"\xef\xbb\xbfAtlas", "Atlas"),
        ("iso-8859-1", "10 €".encode("cp1252"), "10 €"),
        ("iso-8859-1", GERMAN.encode(), GERMAN),
        ("windows-1252", b"caf\xe9 \x81", "café "),
        ("'utf-8'", GERMAN.encode(), GERMAN),
        ("UTF_8", GERMAN.encode(), GERMAN),
        ("shift_jis", "①髙".encode("cp932"), "①髙"),
        ("KS_C_5601-1987", "똠방".encode("cp949"), "똠방"),
    ],
)
def test_a_charset_is_read_by_its_name(charset: str, octets: bytes, words: str) -> None:
    assert text_in(charset, octets).letter.text == words


@pytest.mark.parametrize("charset", ["", "x-unknown", "utf-8", "us-ascii", "unknown-8bit", "rot13"])
@pytest.mark.parametrize(
    "codec, words",
    [
        ("gb18030", CHINESE),
        ("big5", TRADITIONAL),
        ("euc_jp", JAPANESE),
        ("shift_jis", JAPANESE),
        ("iso2022_jp", JAPANESE),
        ("iso2022_kr", KOREAN),
        ("euc_kr", KOREAN),
        ("cp1251", RUSSIAN),
        ("koi8-r", RUSSIAN),
        ("cp866", RUSSIAN),
        ("cp1252", GERMAN),
        ("utf-8", CHINESE),
        ("utf-8-sig", GERMAN),
        ("utf-16", RUSSIAN),
    ],
)
def test_a_charset_without_a_true_name_is_found_by_its_letters(charset: str, codec: str, words: str) -> None:
    assert text_in(charset, words.encode(codec)).letter.text == words


def test_a_mostly_english_text_is_western() -> None:
    assert by_evidence(b"The caf\xe9 in M\xfcnchen sold me a \xa320 atlas.") == "The café in München sold me a £20 atlas."


def test_a_cut_letter_spoils_one_letter_and_no_more() -> None:
    octets = CHINESE.encode("gb18030")[:-1]
    assert by_evidence(octets).startswith(CHINESE[:-1])
    assert decode(CHINESE.encode()[:-1], "utf-8").startswith(CHINESE[:-1])


def test_a_text_of_two_charsets_is_read_line_by_line() -> None:
    octets = GERMAN.encode() + b"\n-- \n" + GERMAN.encode("cp1252") + b"\nAnn"
    assert text_in("utf-8", octets).letter.text == f"{GERMAN}\n-- \n{GERMAN}\nAnn"
    many = octets + b"\n" * 30_000
    assert (text_in("utf-8", many).letter.text or "").endswith(f"{GERMAN}\nAnn" + "\n" * 30_000)


@pytest.mark.parametrize("mark", ["meta charset=koi8-r", 'meta http-equiv=x content="text/html; charset=koi8-r"'])
def test_html_may_name_its_charset_in_itself(mark: str) -> None:
    octets = f"<html><{mark}><p>{RUSSIAN}".encode("koi8-r")
    assert RUSSIAN in (text_in("", octets, "html").letter.html or "")
    assert RUSSIAN in (text_in("utf-8", octets, "html").letter.html or "")
    assert RUSSIAN not in (text_in("windows-1251", octets, "html").letter.html or "")  # what the mail says goes before


@pytest.mark.parametrize("charset", ["", "us-ascii", "utf-8", "x-unknown", "iso-8859-1"])
def test_utf_7_is_never_guessed(charset: str) -> None:
    assert text_in(charset, b"+ADw-script+AD4-").letter.text == "+ADw-script+AD4-"
    assert (
        text_in(charset, b"<meta charset=utf-7>+ADw-script+AD4-\xe9", "html").letter.html
        == "<meta charset=utf-7>+ADw-script+AD4-é"
    )


@pytest.mark.parametrize("charset", ["", "utf-7", "us-ascii"])
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_utf_7_never_becomes_markup(charset: str, kind: str) -> None:
    octets = b"+ADw-script+AD4-alert(1)+ADw-/script+AD4- +ADw-img src+AD0-x onerror+AD0-alert(1)+AD4-"
    relayed = rewrite(text_in(charset, octets, kind), FROM_ANN)
    assert isinstance(relayed, Relayed)
    html = read(relayed.content, LIMITS).letter.html or ""
    assert "<script" not in html
    assert "<img" not in html


def test_every_codec_that_python_knows_may_be_named() -> None:
    names = [module.name for module in pkgutil.iter_modules(encodings.__path__)]
    assert len(names) > 100
    for name in names:
        for octets in (b"Atlas \xff\xfe\x80 +2AA- \x1b$B ~{", GERMAN.encode(), bytes(range(256))):
            text = text_in(name, octets).letter.text
            assert isinstance(text, str)
            assert not any(letter < " " and letter not in "\n\t" for letter in text)


def test_what_the_list_names_python_has() -> None:
    for name in ("us-ascii", "iso-8859-15", "windows-1258", "iso-2022-jp-2004", "big5-hkscs", "tis-620", "koi8-u", "x-mac-roman"):
        codec = codec_of(name)
        assert codec is not None
        assert codecs.lookup(codec)
    assert codec_of("rot13") is codec_of("idna") is codec_of("unicode_escape") is None
