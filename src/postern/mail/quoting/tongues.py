"""The words of attributions ("On Monday Ann wrote:"), a line a language.

``verbs``: at least one says that somebody wrote. ``around``: words that stand before or between the parts of a date, or beside
the verb. ``after``: words that may end a time. Words are in lower case, without the dot of an abbreviation.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language's words."""

    verbs: frozenset[str]
    around: frozenset[str]
    after: frozenset[str]


_ZONES = "utc gmt est edt cst cdt mst mdt pst pdt bst wet cet cest eet mez mesz hnec jst kst ist msk brt мск"


def _tongue(verbs: str, around: str = "", after: str = "") -> Tongue:
    return Tongue(frozenset(verbs.split()), frozenset(around.split()), frozenset(f"{after} {_ZONES}".split()))


TONGUES = {
    "en": _tongue("wrote writes", "on at in a message dated", "am pm a.m p.m"),
    "de": _tongue("schrieb schrieben geschrieben", "am um den der folgendes", "uhr hat"),
    "fr": _tongue("écrit ecrit", "le à a"),
    "es": _tongue("escribió escribio escribe", "el a las la de del día", "horas hrs h a.m p.m m"),
    "it": _tongue("scritto scrisse scrive", "il giorno in data alle ore ha alle"),
    "nl": _tongue("schreef geschreven", "op om het volgende", "uur heeft"),
    "pl": _tongue("napisał napisała napisana napisano pisze", "w dniu dnia o godz wiadomość", "r przez użytkownik"),
    "pt": _tongue("escreveu", "em no dia de às as à", "h"),
    "sv": _tongue("skrev", "den på klockan kl"),
    "da": _tongue("skrev skreiv", "den på kl klokken d"),
    "no": _tongue("skrev skreiv", "den på kl klokken"),
    "fi": _tongue("kirjoitti", "klo kello"),
    "tr": _tongue("yazdı yazmış", "şunu şunları saat", "öö ös tarihinde"),
    "ru": _tongue("написал написала писал пишет от", "в", "г"),
    "uk": _tongue("пише написав написала від", "о об в", "р"),
    "cs": _tongue("napsal napsala", "v dne", "odesílatel uživatel"),
    "sk": _tongue("napísal napísala", "o v dňa", "používateľ odosielateľ"),
    "hu": _tongue("írta", "ezt időpont a következőt h k sze cs p szo v", "de du keltezéssel"),
    "ro": _tongue("scris", "în la pe data a de ora"),
    "el": _tongue("έγραψε", "στις την το", "ο/η ο η χρήστης π.μ μ.μ πμ μμ"),
    "ar": _tongue("كتب كتبت كتابة بواسطة", "في بتاريخ يوم تمت تم ما يلي الساعة", "ص م"),
    "he": _tongue("כתב כתבה כתב/ה מאת", "בתאריך ב ב- בשעה"),
    "hi": _tongue("लिखा", "को पर ने बजे", "बजे को am pm"),
    "vi": _tongue("viết", "vào lúc ngày đã th thứ thg tháng", "sa ch"),
    "th": _tongue("เขียน เขียนว่า เขียนเมื่อ", "เมื่อ ในวันที่ วันที่ เวลา", "น"),
    "id": _tongue("menulis", "pada tanggal pukul"),
    "bg": _tongue("написа написал", "на в", "г ч"),
    "hr": _tongue("napisao napisala piše napisao/la", "dana u je", "sati h"),
    "sr": _tongue("написао написала написао/ла пише", "дана у је", "ч"),
    "sl": _tongue("napisal napisala", "dne ob v", "je oseba"),
    "et": _tongue("kirjutas", "kell kuupäeval"),
    "lt": _tongue("rašė parašė", "d m val"),
    "lv": _tongue("rakstīja", "gada g plkst"),
    "ca": _tongue("escrit escriure", "el a les la de del va ha dia"),
    "fa": _tongue("نوشت", "در تاریخ ساعت"),
    "ja": _tongue("書きました 書いた のメール のメッセージ さんは書きました"),
    "ko": _tongue("작성 씀 님이 님의 님이작성", "에", "오전 오후"),
    "zh": _tongue("写道 寫道 写到 写了 寫了", "于 於 在"),
}

# Who says "you wrote" tells a story; no mail program does.
_PRONOUNS = (
    "i you he she we they me us it who my your our ich du sie ihr er wir es man je tu vous il elle nous ils yo "
    "tú usted ustedes él ella io lei lui voi noi jij u hij zij wij jullie ja ty pan pani on ona eu você vocês "
    "ele ela nós jag han hon jeg dere minä sinä te hän ben sen siz я ты вы он она мы они ти ви він вона vy já "
    "én ön εγώ εσείς 我 你 您 他 她"
)
PRONOUNS = frozenset(_PRONOUNS.split())

AROUND_ALL = frozenset(word for tongue in TONGUES.values() for word in tongue.around | tongue.after)
AFTER_ALL = frozenset(word for tongue in TONGUES.values() for word in tongue.after)
LANGUAGES_OF = {
    verb: frozenset(name for name, tongue in TONGUES.items() if verb in tongue.verbs)
    for tongue in TONGUES.values()
    for verb in tongue.verbs
}
