"""Words and names by which contact details are known, in the languages of the shops; plain lists, in lower case."""

# Behind a dot that is spelled, spaced or bracketed, only these end an address or a host. Two letters are a country.
_ENDINGS_LIST = (
    "com net org info biz shop store online site app dev xyz email mail cloud live club pro name mobi edu gov eu test example"
)
ENDINGS = frozenset(_ENDINGS_LIST.split())
# Countries' endings that are words of some language: "good.it is", "ok.no". A bare host under one needs a path or www.
_WORDS_TOO_LIST = "am as at be by de do es id in is it la ma me my no so to us sa se si tu un vi"
WORDS_TOO = frozenset(_WORDS_TOO_LIST.split())

_SHORTENERS_LIST = (
    "bit.ly tinyurl.com t.co goo.gl ow.ly is.gd buff.ly cutt.ly rebrand.ly rb.gy shorturl.at t.ly tiny.cc s.id lnkd.in v.gd "
    "bl.ink soo.gd clck.ru vk.cc u.to surl.li urlz.fr kutt.it dub.sh n9.cl acortar.link shrtco.de qr.ae adf.ly"
)
SHORTENERS = frozenset(_SHORTENERS_LIST.split())
_MESSENGER_HOSTS_LIST = (
    "t.me telegram.me wa.me api.whatsapp.com chat.whatsapp.com m.me discord.gg discord.com line.me signal.me signal.group "
    "join.skype.com viber.me zalo.me ig.me instagram.com facebook.com snapchat.com threema.id vk.me vk.com kakao.com"
)
MESSENGER_HOSTS = frozenset(_MESSENGER_HOSTS_LIST.split())
_MESSENGERS_LIST = (
    "whatsapp watsapp whatsap wapp telegram viber wechat weixin skype discord snapchat instagram insta kakaotalk threema "
    "zalo icq messenger facebook signal line telegramm ватсап вотсап телеграм телеграмм вайбер вконтакте скайп"
)
MESSENGERS = frozenset(_MESSENGERS_LIST.split())
# What people say around the name of a messenger when they mean to be reached there.
_REACHING_LIST = (
    "add write text message contact reach find call ping me my mein meine mich mir schreib schreibe schreiben erreichst "
    "adde kontakt moi mon écris écrivez ajoute joindre contactez mi mio scrivimi contattami escríbeme escribeme agrega "
    "contáctame mío stuur bereik mij mijn napisz dodaj mój skriv lägg min adicione escreva meu chama chame yaz ekle benim "
    "bana napiš můj пиши напиши добавь мой мне"
)
REACHING = frozenset(_REACHING_LIST.split())

_PREPOSITIONS_LIST = "on via at over through auf über per bei sur par en por su tramite op na przez no pelo på da de в через"
PREPOSITIONS = frozenset(_PREPOSITIONS_LIST.split())

_PHONE_WORDS_LIST = (
    "phone telephone tel call mobile mob cell cellphone fon telefon telefonnummer handy handynummer mobil rufnummer anrufen "
    "ruf téléphone portable appelez appeler móvil movil teléfono telefono llámame llame llamar cellulare chiama chiamami "
    "telefoon bel mobiel gsm telefonu komórka zadzwoń telefone celular ligue telemóvel ring mobilen numero whatsapp viber "
    "telegram signal cep ara telefonum telefonní zavolejte mobilní телефон позвоните звоните моб тел"
)
PHONE_WORDS = frozenset(_PHONE_WORDS_LIST.split())
_NUMBER_WORDS_LIST = (
    "order orders tracking track shipment parcel invoice reference ref article item sku ean isbn upc gtin asin serial model "
    "part customer account iban bic vat id code postcode zip batch ticket case claim return rma bestellung bestellnummer "
    "bestellnr sendungsnummer sendung paket rechnung rechnungsnummer artikel artikelnummer kundennummer seriennummer modell "
    "aktenzeichen ust steuernummer commande suivi colis facture série client pedido seguimiento envío factura artículo "
    "cliente ordine spedizione tracciamento fattura articolo codice bestelling zending factuur artikelnr klantnummer "
    "zamówienie zamówienia przesyłka faktura numer_seryjny encomenda rastreio fatura sipariş takip kargo fatura_no "
    "objednávka zásilka faktury beställning försändelse spårning заказ заказа отправление трек счет счёт артикул "
    "kontonummer konto barcode strichcode"
)
NUMBER_WORDS = frozenset(_NUMBER_WORDS_LIST.split())
_UNITS_LIST = "eur euro euros usd gbp chf pln sek czk try rub kg g mm cm m km ml l w v kwh gb mb pcs stück pieces"
UNITS = frozenset(_UNITS_LIST.split())

_DIGITS = {
    "en": "zero one two three four five six seven eight nine",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen",
    "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
    "pt": "zero um dois três quatro cinco seis sete oito nove",
    "sv": "noll ett två tre fyra fem sex sju åtta nio",
    "tr": "sıfır bir iki üç dört beş altı yedi sekiz dokuz",  # noqa: RUF001 - Turkish
    "cs": "nula jedna dva tři čtyři pět šest sedm osm devět",
    "ru": "ноль один два три четыре пять шесть семь восемь девять",
}
DIGIT_OF: dict[str, str] = {word: str(digit) for words in _DIGITS.values() for digit, word in enumerate(words.split())} | {
    "oh": "0", "zwo": "2", "double": "", "plus": "+", "deuxième": "2",
}  # fmt: skip
