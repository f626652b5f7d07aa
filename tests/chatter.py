# ruff: noqa: E501, RUF001 - sentences stand on one line each, and letters that look like others are the point
"""What people write about orders, in ten languages, by chance: honest talk full of numbers, and contact details, plain and
disguised.
"""

import random
from collections.abc import Callable

from postern.model.contact_policy import DetailKind

Chance = random.Random

TALK: dict[str, tuple[str, ...]] = {
    "en": (
        "Hello, where is my order {order}? It was placed on {date}.", "The tracking number {tracking} shows no progress since {time}.",
        "I ordered size {size} but got {size}, the label says {ean}.", "You charged {price} instead of {price} for {count} pieces.",
        "Please deliver to {street}, {postcode} Springfield, second floor.", "The part number is {part}, the invoice {invoice}.",
        "Does this phone work with WhatsApp and Skype?", "The ISBN is {isbn}, printed in {year}.", "Look at the picture, the dot is red.",
        "It measures {mm} x {mm} x {mm} mm and weighs {mm} g.", "I was at home between {time} and {time}. Nobody rang.",
    ),
    "de": (
        "Guten Tag, wo bleibt meine Bestellung {order} vom {date}?", "Die Sendungsnummer {tracking} wird nicht gefunden.",
        "Bitte liefern Sie an {street}, {postcode} Köln.", "Statt Größe {size} kam Größe {size}.", "Der Betrag von {price} wurde doppelt abgebucht.",
        "Die Rechnung {invoice} fehlt noch, Kundennummer {customer}.", "Artikelnummer {part}, EAN {ean}.", "Zwei oder drei Stück wären gut.",
        "Meine IBAN ist {iban}.", "Funktioniert das Signal auch mit Telegram?", "Maße: {mm} mm x {mm} mm.",
    ),
    "fr": (
        "Bonjour, ma commande {order} du {date} n'est pas arrivée.", "Le numéro de suivi {tracking} est inconnu.",
        "Livrez au {street}, {postcode} Lyon.", "J'ai payé {price} au lieu de {price}.", "La référence est {part}, code {ean}.",
        "Je suis à la maison de {time} à {time}.", "Un ou deux articles manquent.",
    ),
    "es": (
        "Hola, mi pedido {order} del {date} no ha llegado.", "El número de seguimiento {tracking} no funciona.",
        "Envíe a {street}, {postcode} Madrid.", "Pagué {price} y no {price}.", "La talla {size} es pequeña, quiero la {size}.",
        "La factura {invoice} no es correcta.", "Uno o dos días más no importan.",
    ),
    "it": (
        "Buongiorno, il mio ordine {order} del {date} non è arrivato.", "Il codice di tracciamento {tracking} non va.",
        "Spedite a {street}, {postcode} Milano.", "Ho pagato {price}, la fattura {invoice} dice {price}.", "Taglia {size} invece di {size}.",
    ),
    "nl": (
        "Goedemiddag, waar is mijn bestelling {order} van {date}?", "Volgnummer zending {tracking} bestaat niet.",
        "Graag leveren op {street}, {postcode} Utrecht.", "Ik betaalde {price} voor {count} stuks.", "Maat {size} is te klein.",
    ),
    "pl": (
        "Dzień dobry, gdzie jest zamówienie {order} z {date}?", "Przesyłka {tracking} nie dotarła.", "Adres: {street}, {postcode} Kraków.",
        "Zapłaciłem {price}, faktura {invoice}.", "Rozmiar {size} jest za mały.", "Jeden albo dwa dni poczekam.",
    ),
    "pt": (
        "Olá, a encomenda {order} de {date} não chegou.", "O código de rastreio {tracking} não existe.", "Entregue em {street}, {postcode} Lisboa.",
        "Paguei {price} por {count} peças.", "O tamanho {size} não serve.",
    ),
    "sv": (
        "Hej, var är min beställning {order} från {date}?", "Försändelse {tracking} syns inte.", "Leverera till {street}, {postcode} Lund.",
        "Jag betalade {price} för {count} st.", "Storlek {size} är för liten.",
    ),
    "ru": (
        "Здравствуйте, где мой заказ {order} от {date}?", "Трек {tracking} не находится.", "Доставьте на {street}, {postcode} Москва.",
        "Я заплатил {price}, а счёт {invoice} другой.", "Размер {size} мал, нужен {size}.", "Один или два дня подожду.",
    ),
}  # fmt: skip


def _digits(chance: Chance, count: int) -> str:
    return "".join(chance.choice("0123456789") for _ in range(count))


def _ean(chance: Chance) -> str:
    digits = "4" + _digits(chance, 11)
    return digits + str(-sum(int(one) * (3 if place % 2 else 1) for place, one in enumerate(digits)) % 10)


def _price(chance: Chance) -> str:
    whole, cents = chance.randint(1, 4999), chance.randint(0, 99)
    return chance.choice(
        (f"{whole}.{cents:02} EUR", f"€{whole}.{cents:02}", f"{whole},{cents:02} €", f"$ {whole:,}.{cents:02}", f"{whole} zł")
    )


SLOTS: dict[str, Callable[[Chance], str]] = {
    "order": lambda chance: f"{_digits(chance, 3)}-{_digits(chance, 7)}-{_digits(chance, 7)}",
    "tracking": lambda chance: chance.choice(
        (f"JJD00{_digits(chance, 16)}", f"00340434{_digits(chance, 12)}", f"1Z{_digits(chance, 6)}{_digits(chance, 10)}", f"RR{_digits(chance, 9)}DE", _digits(chance, 14))
    ),
    "ean": _ean,
    "isbn": lambda chance: f"978-3-{_digits(chance, 4)}-{_digits(chance, 4)}-{_digits(chance, 1)}",
    "iban": lambda chance: "DE" + _digits(chance, 2) + " " + " ".join(_digits(chance, 4) for _ in range(4)) + " " + _digits(chance, 2),
    "price": _price,
    "date": lambda chance: chance.choice(("2026-11-{:02}", "{:02}.11.2026", "{:02}/11/2026", "{}. 11. 2026", "Nov {}, 2026")).format(chance.randint(1, 28)),
    "time": lambda chance: f"{chance.randint(0, 23)}:{chance.randint(0, 59):02}",
    "size": lambda chance: str(chance.randint(34, 48)),
    "count": lambda chance: str(chance.randint(1, 40)),
    "street": lambda chance: f"{chance.choice(('Main Street', 'Lindenweg', 'Rue Neuve', 'Calle Mayor'))} {chance.randint(1, 199)}",
    "postcode": lambda chance: _digits(chance, 5),
    "part": lambda chance: f"{chance.choice('ABCX')}{_digits(chance, 3)}-{_digits(chance, 4)}",
    "invoice": lambda chance: f"{chance.choice(('RE', 'INV', '#'))}{_digits(chance, 8)}",
    "customer": lambda chance: _digits(chance, 9),
    "mm": lambda chance: str(chance.randint(3, 900)),
    "year": lambda chance: str(chance.randint(1950, 2026)),
}  # fmt: skip


def talk(chance: Chance, language: str | None = None, sentences: int = 3) -> str:
    """Some sentences about an order, without any contact detail."""
    lines = TALK[language or chance.choice(sorted(TALK))]
    return " ".join(_fill(chance.choice(lines), chance) for _ in range(sentences))


def _fill(sentence: str, chance: Chance) -> str:
    for name, make in SLOTS.items():
        while "{" + name + "}" in sentence:
            sentence = sentence.replace("{" + name + "}", make(chance), 1)
    return sentence


INVITING = (
    "Write to me: {}",
    "Schreiben Sie mir: {}",
    "Contact: {}",
    "Mon contact {}",
    "Please use {} instead",
    "{}",
    "Mi contacto es {}",
)
CALLING = {
    "en": "Call me: {}", "de": "Rufen Sie mich an, Telefon {}", "fr": "Mon téléphone {}", "es": "Mi móvil es {}", "it": "Il mio cellulare {}",
    "nl": "Mijn telefoon {}", "pl": "Mój telefon {}", "pt": "Meu telefone {}", "sv": "Min mobil {}", "ru": "Мой телефон {}",
}  # fmt: skip
REACHING = (
    "Add me on {name} @{handle}", "Schreib mir auf {name}: {handle}_88", "{name} {phone}", "my {name} is @{handle}", "escríbeme por {name}",
    "contact me via {name}", "{name}: +{phone_digits}", "@{handle} on {name}",
)  # fmt: skip
NAMES = ("WhatsApp", "Telegram", "Viber", "Skype", "Instagram", "WeChat", "Threema")
DIGIT_WORDS = (
    "zero one two three four five six seven eight nine",
    "null eins zwei drei vier fünf sechs sieben acht neun",
    "cero uno dos tres cuatro cinco seis siete ocho nueve",
)
LOOKALIKE = str.maketrans("aeopc", "аеорс")


def _address(chance: Chance) -> str:
    name = chance.choice(("ann", "bob.miller", "shop_77", "erika-m", "j.doe+x"))
    return f"{name}@{chance.choice(('gmail.com', 'mail.example.com', 'web.de', 'proton.me', 'firma-nord.de', 'example.org'))}"


def _phone(chance: Chance) -> str:
    n = chance.randint
    return chance.choice(
        (
            f"+49 {n(150, 179)} {n(1000000, 9999999)}", f"0{n(150, 179)} {n(1000000, 9999999)}", f"+44 20 7946 0{n(100, 999)}",
            f"({n(201, 989)}) 555-{n(1000, 9999)}", f"+33 6 {n(10, 99)} {n(10, 99)} {n(10, 99)} {n(10, 99)}", f"0{n(150, 179)}/{n(1000000, 9999999)}",
            f"0049{n(150, 179)}{n(1000000, 9999999)}", f"+1-{n(201, 989)}-555-{n(1000, 9999)}", f"0{n(20, 99)}-{n(100000, 9999999)}",
        )
    )  # fmt: skip


def _link(chance: Chance) -> str:
    host = chance.choice(("shop-nord.com", "www.acme-books.de", "buy.example.org", "cheap.store"))
    return chance.choice(
        (
            f"https://{host}/offer?id=7",
            f"http://{host}",
            host if host.endswith((".com", ".org", ".store")) or "www" in host else f"{host}/x",
        )
    )


def _messenger(chance: Chance) -> str:
    digits = f"49171{_digits(chance, 7)}"
    sentence = chance.choice((*REACHING, "https://wa.me/{phone_digits}", "t.me/{handle}"))
    return sentence.format(name=chance.choice(NAMES), handle="annbuys", phone=f"+{digits}", phone_digits=digits)


PLAIN: dict[DetailKind, Callable[[Chance], str]] = {
    DetailKind.ADDRESS: lambda chance: chance.choice(INVITING).format(_address(chance)),
    DetailKind.PHONE: lambda chance: chance.choice(sorted(CALLING.values())).format(_phone(chance)),
    DetailKind.MESSENGER: _messenger,
    DetailKind.LINK: lambda chance: chance.choice(INVITING).format(_link(chance)),
}


def _in_words(chance: Chance) -> str:
    words = chance.choice(DIGIT_WORDS).split()
    return chance.choice((" ", ", ", "-")).join(words[int(one)] for one in "0171" + _digits(chance, 7))


DISGUISED: dict[DetailKind, tuple[Callable[[Chance], str], ...]] = {
    DetailKind.ADDRESS: (
        lambda chance: _address(chance).replace("@", " at ").replace(".", " dot "),
        lambda chance: _address(chance).replace("@", "(at)").replace(".", "[dot]"),
        lambda chance: _address(chance).replace("@", " [at] "),
        lambda chance: _address(chance).replace("@", " @ ").replace(".", " . "),
        lambda chance: _address(chance).replace("@", "(ät)").replace(".", " punkt "),
        lambda chance: _address(chance).replace("@", " arroba ").replace(".", " punto "),
        lambda chance: _address(chance)[::-1],
        lambda chance: _address(chance).replace("@", "＠").replace(".", "。"),
        lambda chance: _address(chance).translate(LOOKALIKE),
        lambda chance: "\u200b".join(_address(chance)),
        lambda chance: " ".join(_address(chance)),
        lambda chance: _address(chance).replace("@", "%40"),
    ),
    DetailKind.PHONE: (
        _in_words,
        lambda chance: " ".join("0171" + _digits(chance, 7)),
        lambda chance: ".".join("0171" + _digits(chance, 7)),
        lambda chance: "".join(f"{one}\ufe0f\u20e3" for one in "0171" + _digits(chance, 7)),
        lambda chance: "".join(chr(0xFF10 + int(one)) for one in "0171" + _digits(chance, 7)),
        lambda chance: "-".join("0171" + _digits(chance, 7)),
        lambda chance: "0171\u200b" + _digits(chance, 7),
    ),
    DetailKind.MESSENGER: (
        lambda chance: "add me on ｗｈａｔｓａｐｐ @" + chance.choice(("annbuys", "bob_77")),
        lambda chance: "Telegram\u200b: @" + chance.choice(("annbuys", "bob_77")),
        lambda chance: "whatsapp zero one seven one " + _in_words(chance),
        lambda chance: f"wa.me/49171{_digits(chance, 7)}",
    ),
    DetailKind.LINK: (
        lambda _: "shop-nord dot com",
        lambda _: "shop-nord[.]com",
        lambda _: "hxxps://shop-nord.com/x",
        lambda _: "www.shop-nord。com",
        lambda _: "shop-nord (dot) com",
        lambda _: "ｓｈｏｐ-nord.com/x",
    ),
}  # fmt: skip


def plain_contact(chance: Chance, kind: DetailKind) -> str:
    """A sentence with one contact detail, as people write it."""
    return PLAIN[kind](chance)


def disguised_contact(chance: Chance, kind: DetailKind) -> str:
    """The same, so that a simple search would not see it."""
    sentence = chance.choice(tuple(CALLING.values()) if kind is DetailKind.PHONE else INVITING)
    return sentence.format(chance.choice(DISGUISED[kind])(chance))
