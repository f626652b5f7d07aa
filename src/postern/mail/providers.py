"""The large public mail providers: a domain that millions share says nothing about one of them. A plain list."""

_NAMES = (
    "126.com 139.com 163.com 1und1.de abv.bg aol.com arcor.de att.net bigpond.com bk.ru bluewin.ch bol.com.br btinternet.com"
    " centrum.cz charter.net comcast.net cox.net daum.net docomo.ne.jp earthlink.net email.cz fastmail.com foxmail.com free.fr"
    " freemail.hu freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hanmail.net hotmail.co.uk hotmail.com"
    " hotmail.de hotmail.es hotmail.fr hotmail.it hushmail.com icloud.com inbox.lv inbox.ru interia.pl iinet.net.au kpnmail.nl"
    " laposte.net libero.it list.ru live.com live.nl mac.com mail.com mail.de mail.ee mail.ru mailbox.org me.com msn.com"
    " nate.com naver.com ntlworld.com o2.pl onet.pl online.de online.no optonline.net orange.fr outlook.com outlook.de outlook.es"
    " outlook.fr pm.me poczta.onet.pl posteo.de proton.me protonmail.com qq.com rambler.ru rediffmail.com rocketmail.com"
    " rogers.com sapo.pt sbcglobal.net seznam.cz sfr.fr shaw.ca sina.com sky.com sohu.com sympatico.ca t-online.de talktalk.net"
    " telenet.be telia.com terra.com.br tiscali.it tuta.com tutanota.com uol.com.br ukr.net verizon.net virgilio.it"
    " virginmedia.com voila.fr wanadoo.fr web.de windstream.net wp.pl xs4all.nl xtra.co.nz yahoo.ca yahoo.co.id yahoo.co.in"
    " yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru ymail.com"
    " ziggo.nl zoho.com"
    # Their machines, as Received fields name them.
    " google.com messagingengine.com mimecast.com mailgun.net sendgrid.net amazonses.com amazonaws.com protection.outlook.com"
    " secureserver.net kundenserver.de ionos.com ovh.net strato.de mail-out.ovh.net yahoodns.net"
)
PROVIDERS = frozenset(_NAMES.split())


def is_public(host: str) -> bool:
    """Whether this domain, or one that it lies under, is a public provider's."""
    labels = host.lower().rstrip(".").split(".")
    return any(".".join(labels[place:]) in PROVIDERS for place in range(len(labels)))
