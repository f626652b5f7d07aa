"""How the subjects of automatic mail begin, in the languages of the programs that write them. Lists, and nothing else.

A phrase goes into the first list that fits. What a person might write of an absence, a parcel or a request of their own is in
no list that counts alone.
"""

# No person begins a subject with these.
AUTOMATIC_REPLY = (
    *("Automatic reply", "Automatic response", "Automated reply", "Automated response", "Auto reply"),
    *("Auto-reply", "Autoreply", "Auto response", "Auto-response", "Autoresponse", "Autoresponder", "Auto responder"),
    *("Auto-responder", "Yahoo! Auto Response", "This is an automatic reply", "This is an automated reply"),
    *("Automatische Antwort", "Automatische Rückantwort", "Automatische Eingangsbestätigung", "Automatische Beantwortung"),  # de
    *("Réponse automatique", "Réponse automatisée", "Accusé de réception automatique"),  # fr
    *("Respuesta automática", "Contestación automática", "Resposta automàtica"),  # es, ca
    *("Risposta automatica",),  # it
    *("Automatisch antwoord", "Automatische reactie", "Automatische beantwoording"),  # nl
    *("Resposta automática",),  # pt
    *("Odpowiedź automatyczna", "Automatyczna odpowiedź", "Autoodpowiedź", "Autoresponder"),  # pl
    *("Automatická odpověď", "Automatické odpovědi"),  # cs
    *("Automatická odpoveď",),  # sk
    *("Samodejni odgovor", "Avtomatski odgovor"),  # sl
    *("Automatski odgovor", "Аутоматски одговор"),  # hr, sr
    *("Automatikus válasz",),  # hu
    *("Răspuns automat",),  # ro
    *("Автоматичен отговор",),  # bg
    *("Автоматический ответ", "Автоответ"),  # ru
    *("Автоматична відповідь", "Автовідповідь"),  # uk
    *("Αυτόματη απάντηση",),  # el
    *("Otomatik yanıt", "Otomatik cevap"),  # tr
    *("Automatiskt svar", "Autosvar"),  # sv
    *("Automatisk svar", "Autosvar"),  # da, nb
    *("Automaattinen vastaus", "Automaattivastaus"),  # fi
    *("Automaatvastus", "Automaatne vastus"),  # et
    *("Automātiska atbilde", "Automātiskā atbilde"),  # lv
    *("Automatinis atsakymas",),  # lt
    *("自動応答", "自動返信", "自動返答", "自動配信"),  # ja
    *("自动答复", "自动回复", "自动应答"),  # zh, simplified
    *("自動回覆", "自動答覆", "自動回應"),  # zh, traditional
    *("자동 회신", "자동회신", "자동 응답", "자동응답", "자동 답장", "자동답장"),  # ko
    *("رد تلقائي", "الرد التلقائي", "رد آلي"),  # ar
    *("תשובה אוטומטית", "מענה אוטומטי"),  # he
    *("ตอบกลับอัตโนมัติ", "การตอบกลับอัตโนมัติ"),  # th
    *("Trả lời tự động", "Thư trả lời tự động"),  # vi
    *("Balasan otomatis", "Jawapan automatik"),  # id, ms
)

# Names that only programs give to a notice of absence.
ABSENCE_NOTICE = (
    *("Out of office autoreply", "Out of office auto-reply", "Out of office reply", "Out of office notification"),
    *("Out of office message", "Out of office response", "Out of office notice", "Vacation reply", "Vacation auto-reply"),
    *("Vacation autoreply", "Vacation response", "Away from my mail", "Holiday auto-reply"),
    *("Abwesenheitsnotiz", "Abwesenheitsbenachrichtigung", "Abwesenheitsnachricht", "Abwesenheitsassistent"),  # de
    *("Message d'absence", "Notification d'absence", "Réponse automatique d'absence"),  # fr
    *("Notificación de ausencia", "Mensaje de ausencia", "Messaggio di assenza", "Notifica di assenza"),  # es, it
    *("Afwezigheidsbericht", "Afwezigheidsassistent", "Mensagem de ausência", "Notificação de ausência"),  # nl, pt
    *("Powiadomienie o nieobecności", "Oznámení o nepřítomnosti", "Oznámenie o neprítomnosti"),  # pl, cs, sk
    *("Frånvaromeddelande", "Frånvaroassistent", "Fraværsmeddelelse", "Fraværsbesked"),  # sv, da
    *("Fraværsmelding", "Fraværsassistent", "Poissaoloilmoitus", "Poissaoloviesti"),  # nb, fi
    *("Notificare de absență", "外出自动回复", "부재중 알림", "부재중 자동응답"),  # ro, zh, ko
)

# What Outlook called it once, as the whole subject or before a colon.
OUT_OF_OFFICE = (
    *("Out of office", "Out of the office", "Absence du bureau", "Fuera de la oficina", "Fuera de oficina"),  # en, fr, es
    *("Fuori sede", "Fuori ufficio", "Ausência do escritório", "Fora do escritório"),  # it, pt
    *("Poza biurem", "Mimo kancelář", "Mimo kancelárie", "Mimo kanceláriu"),  # pl, cs, sk
    *("Odsoten iz pisarne", "Izvan ureda", "Van kancelarije", "Plecat din birou"),  # sl, hr, sr, ro
    *("Извън офиса", "Вне офиса", "Поза офісом", "Εκτός γραφείου", "Ofis dışında"),  # bg, ru, uk, el, tr
    *("Kontorist väljas", "Ārpus biroja", "Nėra biure"),  # et, lv, lt
    *("不在办公室", "不在辦公室", "خارج المكتب", "מחוץ למשרד", "Di luar kantor"),  # zh, ar, he, id
)

# Words for an absence that a buyer writes too ("Holiday: please deliver later"); in Japan also what a courier leaves at the door.
# They prove nothing.
ABSENT = (
    *("Away", "Absent", "Absence", "On leave", "On vacation", "Vacation", "Holiday", "On holiday", "Annual leave"),
    *("I am out of the office", "I'm out of the office", "Currently out of office", "Vacation notice", "Vacation message"),
    *("Abwesend", "Abwesenheit", "Urlaub", "Im Urlaub", "Außer Haus", "Nicht im Büro", "Urlaubsbenachrichtigung"),
    *("Absente", "En congé", "Congés", "Vacances", "Absent du bureau", "Absente du bureau", "Avis d'absence"),
    *("Ausente", "De vacaciones", "Ausencia", "Vacaciones", "Aviso de ausencia", "Ausente de la oficina"),
    *("Assente", "Assenza", "In ferie", "Ferie", "Avviso di assenza"),
    *("Met vakantie", "Vakantie", "Afwezig", "Afwezigheid", "Niet aanwezig", "Niet op kantoor"),
    *("Férias", "De férias", "Ausência", "Ausência temporária", "Nieobecność", "Nieobecność w biurze", "Urlop", "Na urlopie"),
    *("Dovolená", "Nepřítomnost", "Dovolenka", "Semester", "Frånvaro", "På semester", "Inte på kontoret", "Ej på kontoret"),
    *("Fravær", "Ikke til stede", "Ikke på kontoret", "Loma", "Lomalla", "Poissa", "Poissa toimistosta", "Szabadság"),
    *("Házon kívül", "Irodán kívül", "Concediu", "Absent de la birou", "Отпуск", "В отпуске", "Нет на месте", "Відпустка"),
    *("Немає на місці", "Άδεια", "İzin", "İzindeyim", "休暇", "不在", "不在通知", "不在連絡", "不在にしております"),
    *("休假", "外出", "휴가", "부재 중", "إجازة", "חופשה", "Vắng mặt"),
)

# What helpdesks and shops answer by themselves. Agents answer under their customers' subjects, so these need a second sign.
ACKNOWLEDGED = (
    *("Request received", "We received your request", "We have received your request", "We've received your request"),
    *("Ticket received", "Ticket created", "Ticket opened", "New ticket created", "Your ticket has been created"),
    *("We have received your message", "We have received your email", "We've received your message", "We've received your email"),
    *(
        "We received your message",
        "We received your email",
        "Ihre Anfrage ist eingegangen",
        "Ihre Anfrage ist bei uns eingegangen",
    ),
    *("Wir haben Ihre Anfrage erhalten", "Wir haben Ihre Nachricht erhalten", "Anfrage erhalten", "Ticket erstellt"),  # de
    *("Demande reçue", "Nous avons bien reçu votre demande", "Nous avons bien reçu votre message"),  # fr
    *("Solicitud recibida", "Hemos recibido su solicitud", "Hemos recibido su mensaje"),  # es
    *(
        "Richiesta ricevuta",
        "Abbiamo ricevuto la tua richiesta",
        "Aanvraag ontvangen",
        "Wij hebben uw bericht ontvangen",
    ),  # it, nl
    *("Recebemos a sua mensagem", "Pedido recebido", "Otrzymaliśmy Twoje zgłoszenie"),  # pt, pl
    *("Vi har tagit emot ditt ärende", "Vi har modtaget din henvendelse", "Vi har mottatt din henvendelse"),  # sv, da, nb
    *("お問い合わせありがとうございます", "お問い合わせを受け付けました", "문의가 접수되었습니다"),  # ja, ko
)

# Sentences of mail servers. Nobody else writes them.
BOUNCED = (
    *("Undelivered Mail Returned to Sender", "Delayed Mail (still being retried)", "Successful Mail Delivery Report"),
    *("Delivery Status Notification (Failure)", "Delivery Status Notification (Delay)", "Delivery Status Notification (Success)"),
    *("Mail delivery failed: returning message to sender", "Mail System Error - Returned Mail"),
    *("Returned mail: see transcript for details", "Returned mail: User unknown", "Returned mail: Host unknown"),
    *("Warning: could not send message for past", "NOTICE: mail delivery status", "Message status - undeliverable"),
    *("Ваше сообщение не доставлено. Mail failure", "系统退信", "系統退信"),
)

# Servers write these; so do people whose parcel, order or e-mail went astray.
UNDELIVERABLE = (
    *(
        "Undeliverable",
        "Undelivered",
        "Delivery failure",
        "Delivery failed",
        "Failure notice",
        "Delivery delayed",
        "Delivery error",
    ),
    *("Delivery report", "Delivery notification", "Delivery status notification", "Mail failure", "Mail error", "Returned mail"),
    *("Returned to sender", "Mail delivery failed", "Mail delivery failure", "Mail delivery problem", "Mail delivery error"),
    *("Mail Delivery System", "Mail Delivery Subsystem", "Message delivery failure", "Message delivery failed"),
    *("Undeliverable mail", "Undeliverable message", "Undelivered mail", "Undelivered message", "Permanent delivery failure"),
    *("Non-delivery report", "Nondeliverable mail", "Mail could not be delivered", "Message could not be delivered"),
    *("Message delayed", "Message undeliverable", "Warning: message delayed", "Unable to deliver mail", "Relayed", "Expanded"),
    *("Unzustellbar", "Nicht zustellbar", "Zustellung fehlgeschlagen", "Zustellung verzögert", "Unzustellbare Nachricht"),  # de
    *("Nachricht unzustellbar", "Übermittlung fehlgeschlagen", "Benachrichtigung zum Übermittlungsstatus"),
    *("Ihre Nachricht konnte nicht zugestellt werden",),
    *("Non remis", "Non distribuable", "Remise impossible", "Échec de la remise", "Notification d'état de remise"),  # fr
    *("No se puede entregar", "No entregado", "Entrega fallida", "Notificación de estado de entrega"),  # es
    *("Non recapitabile", "Non consegnato", "Mancato recapito", "Notifica sullo stato del recapito"),  # it
    *("Onbestelbaar", "Niet te bezorgen", "Onbestelbaar bericht", "Não entregue", "Não é possível entregar"),  # nl, pt
    *("Notificação de status de entrega", "Falha na entrega da mensagem", "Niedostarczone"),  # pt, pl
    *("Powiadomienie o stanie dostarczenia", "Nedoručitelné", "Oznámení o stavu doručení", "Nedoručiteľné"),  # pl, cs, sk
    *("Kézbesíthetetlen", "Nelivrabil", "Olevererbart", "Går inte att leverera", "Leveransstatusmeddelande"),  # hu, ro, sv
    *("Kan ikke leveres", "Ikke leveret", "Ikke levert", "Ei voi toimittaa"),  # da, nb, fi
    *("Не удается доставить", "Недоставлено", "Недоставленное сообщение", "Уведомление о статусе доставки"),  # ru
    *("Не вдалося доставити", "Αδυναμία παράδοσης", "Teslim edilemedi", "لم يتم التسليم"),  # uk, el, tr, ar
    *("配信不能", "配信エラー", "配信不能通知", "配信エラー通知", "无法投递", "无法送达", "無法傳遞", "退信通知"),  # ja, zh
    *("배달되지 않음", "배달 실패", "발송실패 안내", "발송 실패 안내"),  # ko
)

# How programs name a receipt. The word is everybody's.
READ = (
    *("Read", "Not read", "Read receipt", "Return receipt", "Return receipt (displayed)", "Disposition notification", "Seen"),
    *("Gelesen", "Ungelesen", "Lesebestätigung", "Empfangsbestätigung (angezeigt)", "Lu", "Non lu", "Accusé de lecture"),
    *("Leído", "No leído", "Confirmación de lectura", "Letto", "Non letto", "Ricevuta di lettura", "Gelezen", "Niet gelezen"),
    *("Leesbevestiging", "Lida", "Lido", "Recibo de leitura", "Przeczytano", "Przeczytane", "Přečteno", "Prečítané", "Läst"),
    *(
        "Læst",
        "Lest",
        "Luettu",
        "Прочитано",
        "Прочетено",
        "Αναγνώστηκε",
        "Okundu",
        "開封済み",
        "開封通知",
        "已读",
        "已讀",
        "읽음",
    ),
)
