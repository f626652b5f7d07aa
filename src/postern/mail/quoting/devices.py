"""The lines with which telephones sign ("Sent from my iPhone"), in the languages in which they do."""

import re

_NAMES = r"[\w\s.,'’®™+&/-]{2,40}"
_LINES = (
    rf"sent (?:from|via|with|using) (?:my )?{_NAMES}",
    r"get outlook for (?:ios|android|mac)(?: ?<\S{1,200}>)?",
    rf"(?:von|mit) {_NAMES} gesendet",
    rf"gesendet (?:von|mit|über) {_NAMES}",
    rf"diese nachricht wurde von meinem {_NAMES} gesendet",
    rf"envoyé (?:de|depuis|avec|à partir de) {_NAMES}",
    rf"enviado (?:desde|con|do|a partir do|pelo|de) {_NAMES}",
    rf"inviato (?:da|dal|con) {_NAMES}",
    rf"(?:verzonden|verstuurd) (?:vanaf|vanuit|met|via) {_NAMES}",
    rf"(?:wysłane|wysłano) z {_NAMES}",
    rf"skickat från {_NAMES}",
    rf"sendt fra {_NAMES}",
    rf"lähetetty {_NAMES}",
    rf"{_NAMES} gönderildi",
    rf"(?:отправлено|отправлен) (?:с|из|через) {_NAMES}",
    rf"(?:надіслано|відправлено) (?:з|із) {_NAMES}",
    rf"odesláno (?:z|ze) {_NAMES}",
    rf"odoslané (?:z|zo) {_NAMES}",
    rf"(?:elküldve|küldve) {_NAMES}",
    rf"{_NAMES} küldve",
    rf"trimis de pe {_NAMES}",
    rf"(?:στάλθηκε|εστάλη) από {_NAMES}",
    r"(?:iphone|ipad|android)\s?から送信",
    r"(?:나의|내)?\s?[\w\s]{2,20}에서 (?:보냄|전송|보냈습니다)",
    r"(?:发自|發自|从|從|发送自|傳送自)\s?(?:我的)?[\w\s]{2,30}(?:发送|傳送|寄出)?",
    rf"(?:أرسلت|أُرسلت|تم الإرسال) من {_NAMES}",
    rf"נשלח מ\S{{0,3}}{_NAMES}",
    rf"(?:đã gửi|gửi|được gửi) từ {_NAMES}",
    r"मेरे [\w\s\u0900-\u097f]{2,30} से भेजा गया",
    rf"ส่งจาก {_NAMES}",
    rf"dikirim dari {_NAMES}",
    rf"poslano (?:s|z|iz) {_NAMES}",
    rf"enviat des (?:de|del) {_NAMES}",
)
_SIGNS = re.compile("|".join(f"(?:{line})" for line in _LINES), re.IGNORECASE)
# Without one of these it is a sentence: "Sent with DHL" is what a seller answers.
_DEVICE = re.compile(
    "iphon|ipad|ipod|ios|android|samsung|galaxy|huawei|honor|xiaomi|redmi|oppo|oneplus|pixel|xperia|nokia|motorola|blackberry"
    "|windows|smartphone|tablet|mobil|m[oó]vil|celular|handy|phone|telefon|téléphone|telefoon|puhelin|telefón|telèfon|τηλέφωνο"
    "|телефон|смартфон|手机|手機|スマート|휴대폰|هاتف|جوال|טלפון|फ़ोन|điện thoại"
    "|outlook|yahoo|gmail|gmx|web\\.de|mail\\.ru|proton|k-9"
    "|thunderbird|spark|aqua ?mail|fairemail|apple mail|почт|\\bmail\\b|邮箱|郵件|ponsel",
    re.IGNORECASE,
)
_LONGEST = 80


def signs_off(line: str) -> bool:
    """Whether this line is what a telephone or a mail program signs with."""
    words = line.strip(" \t.*_-–—\u200e\u200f")
    return len(words) <= _LONGEST and _DEVICE.search(words) is not None and _SIGNS.fullmatch(words) is not None
