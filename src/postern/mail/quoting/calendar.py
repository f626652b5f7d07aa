"""Names of months and weekdays, whole and shortened, as mail programs write them (the forms of Unicode's CLDR).

Chinese, Japanese and Korean write theirs with numbers: ``attribution.py`` knows the few signs.
"""

_NAMES = {
    "en": (
        "january february march april may june july august september october november december jan feb mar "
        "apr jun jul aug sep oct nov dec sunday monday tuesday wednesday thursday friday saturday sun mon tue "
        "wed thu fri sat"
    ),
    "de": (
        "januar februar märz april mai juni juli august september oktober november dezember jan feb apr aug "
        "sept okt nov dez mär jun jul sep sonntag montag dienstag mittwoch donnerstag freitag samstag so mo "
        "di mi do fr sa"
    ),
    "fr": (
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre janv févr avr "
        "juil sept oct nov déc dimanche lundi mardi mercredi jeudi vendredi samedi dim lun mar mer jeu ven "
        "sam"
    ),
    "es": (
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre ene feb mar "
        "abr may jun jul ago sept oct nov dic domingo lunes martes miércoles jueves viernes sábado dom lun "
        "mié jue vie sáb"
    ),
    "it": (
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre gen "
        "feb mar apr mag giu lug ago set ott nov dic domenica lunedì martedì mercoledì giovedì venerdì sabato "
        "dom lun mer gio ven sab"
    ),
    "nl": (
        "januari februari maart april mei juni juli augustus september oktober november december jan feb mrt "
        "apr jun jul aug sep okt nov dec zondag maandag dinsdag woensdag donderdag vrijdag zaterdag zo ma di "
        "wo do vr za"
    ),
    "pt": (
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro jan fev mar "
        "abr mai jun jul ago set out nov dez domingo segunda-feira terça-feira quarta-feira quinta-feira "
        "sexta-feira sábado dom seg ter qua qui sex sáb "
        "segunda terça quarta quinta sexta"
    ),
    "sv": (
        "januari februari mars april maj juni juli augusti september oktober november december jan feb apr "
        "aug sep okt nov dec söndag måndag tisdag onsdag torsdag fredag lördag sön mån tis ons tors fre lör"
    ),
    "da": (
        "januar februar marts april maj juni juli august september oktober november december jan feb mar apr "
        "jun jul aug sep okt nov dec søndag mandag tirsdag onsdag torsdag fredag lørdag søn man tirs ons tors "
        "fre lør"
    ),
    "no": (
        "januar februar mars april mai juni juli august september oktober november desember jan feb apr aug "
        "sep okt nov des mar jun jul søndag mandag tirsdag onsdag torsdag fredag lørdag søn man tir ons tor "
        "fre lør"
    ),
    "fi": (
        "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta "
        "lokakuuta marraskuuta joulukuuta tammi helmi maalis huhti touko kesä heinä elo syys loka marras "
        "joulu tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu "
        "marraskuu joulukuu sunnuntai maanantaina tiistaina keskiviikkona torstaina perjantaina lauantaina su "
        "ma ti ke to pe la maanantai tiistai keskiviikko torstai perjantai lauantai "
        "tammik helmik maalisk huhtik toukok kesäk heinäk elok syysk lokak marrask jouluk"
    ),
    "pl": (
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia "
        "sty lut mar kwi maj cze lip sie wrz paź lis gru styczeń luty marzec kwiecień czerwiec lipiec "
        "sierpień wrzesień październik listopad grudzień niedziela poniedziałek wtorek środa czwartek piątek "
        "sobota niedz pon wt śr czw pt sob"
    ),
    "tr": (
        "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık oca şub mar nis may haz "
        "tem ağu eyl eki kas ara pazar pazartesi salı çarşamba perşembe cuma cumartesi paz pzt sal çar per "
        "cum cmt"
    ),
    "ru": (
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря янв февр мар апр "
        "июн июл авг сент окт нояб дек январь февраль март апрель май июнь июль август сентябрь октябрь "
        "ноябрь декабрь воскресенье понедельник вторник среда четверг пятница суббота вс пн вт ср чт пт сб"
    ),
    "uk": (
        "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня січ лют бер "
        "квіт трав черв лип серп вер жовт лист груд січень лютий березень квітень травень червень липень "
        "серпень вересень жовтень листопад грудень неділя понеділок вівторок середа четвер пʼятниця субота нд "
        "пн вт ср чт пт сб"
    ),
    "cs": (
        "ledna února března dubna května června července srpna září října listopadu prosince led úno bře dub "
        "kvě čvn čvc srp zář říj lis pro leden únor březen duben květen červen červenec srpen říjen listopad "
        "prosinec neděle pondělí úterý středa čtvrtek pátek sobota ne po út st čt pá so"
    ),
    "sk": (
        "januára februára marca apríla mája júna júla augusta septembra októbra novembra decembra jan feb mar "
        "apr máj jún júl aug sep okt nov dec január február marec apríl august september október november "
        "december nedeľa pondelok utorok streda štvrtok piatok sobota ne po ut st št pi so"
    ),
    "hu": (
        "január február március április május június július augusztus szeptember október november december "
        "jan febr márc ápr máj jún júl aug szept okt nov dec vasárnap hétfő kedd szerda csütörtök péntek "
        "szombat v h k sze cs p szo"
    ),
    "ro": (
        "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie "
        "ian feb mar apr iun iul aug sept oct nov dec duminică luni marți miercuri joi vineri sâmbătă dum lun "
        "mie vin sâm"
    ),
    "el": (
        "ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου "
        "νοεμβρίου δεκεμβρίου ιαν φεβ μαρ απρ μαΐ ιουν ιουλ αυγ σεπ οκτ νοε δεκ ιανουάριος φεβρουάριος "
        "μάρτιος απρίλιος μάιος ιούνιος ιούλιος αύγουστος σεπτέμβριος οκτώβριος νοέμβριος δεκέμβριος μάρ μάι "
        "ιούν ιούλ αύγ νοέ κυριακή δευτέρα τρίτη τετάρτη πέμπτη παρασκευή σάββατο κυρ δευ τρί τετ πέμ παρ σάβ"
    ),
    "ar": (
        "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر الأحد الاثنين الثلاثاء "
        "الأربعاء الخميس الجمعة السبت"
    ),
    "he": (
        "ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר ינו פבר אפר אוג ספט אוק נוב "
        "דצמ יום ראשון שני שלישי רביעי חמישי שישי שבת א ב ג ד ה ו יום "
        "בינואר בפברואר במרץ באפריל במאי ביוני ביולי באוגוסט בספטמבר באוקטובר בנובמבר בדצמבר "
        "בינו בפבר באפר באוג בספט באוק בנוב בדצמ ביום בראשון בשני בשלישי"
    ),
    "hi": (
        "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर जन फ़र जुल अग सित अक्टू नव "
        "दिस ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר ינו פבר אפר אוג ספט אוק "
        "נוב דצמ रविवार सोमवार मंगलवार बुधवार गुरुवार शुक्रवार शनिवार रवि सोम मंगल बुध गुरु शुक्र शनि"
    ),
    "vi": ("tháng thg chủ nhật thứ hai ba tư năm sáu bảy cn th"),
    "th": (
        "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม "
        "ม.ค ก.พ มี.ค เม.ย พ.ค มิ.ย ก.ค ส.ค ก.ย ต.ค พ.ย ธ.ค ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט "
        "ספטמבר אוקטובר נובמבר דצמבר ינו פבר אפר אוג ספט אוק נוב דצמ วันอาทิตย์ วันจันทร์ วันอังคาร วันพุธ "
        "วันพฤหัสบดี วันศุกร์ วันเสาร์ อา จ อ พ พฤ ศ ส"
    ),
    "id": (
        "januari februari maret april mei juni juli agustus september oktober november desember jan feb mar "
        "apr jun jul agu sep okt nov des ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר "
        "דצמבר ינו פבר אפר אוג ספט אוק נוב דצמ minggu senin selasa rabu kamis jumat sabtu min sen sel rab kam "
        "jum sab"
    ),
    "bg": (
        "януари февруари март април май юни юли август септември октомври ноември декември яну фев апр авг "
        "сеп окт ное дек ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר ינו פבר אפר "
        "אוג ספט אוק נוב דצמ неделя понеделник вторник сряда четвъртък петък събота нд пн вт ср чт пт сб"
    ),
    "hr": (
        "siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca "
        "sij velj ožu tra svi lip srp kol ruj lis stu pro siječanj veljača ožujak travanj svibanj lipanj "
        "srpanj kolovoz rujan listopad studeni prosinac ינו פבר מרץ אפר מאי יוני יולי אוג ספט אוק נוב דצמ "
        "nedjelja ponedjeljak utorak srijeda četvrtak petak subota ned pon uto sri čet pet sub"
    ),
    "sr": (
        "јануар фебруар март април мај јун јул август септембар октобар новембар децембар јан феб мар апр авг "
        "сеп окт нов дец ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר ינו פבר אפר "
        "אוג ספט אוק נוב דצמ недеља понедељак уторак среда четвртак петак субота нед пон уто сре чет пет суб"
    ),
    "sl": (
        "januar februar marec april maj junij julij avgust september oktober november december jan feb mar "
        "apr jun jul avg sep okt nov dec ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר "
        "דצמבר ינו פבר אפר אוג ספט אוק נוב דצמ nedelja ponedeljek torek sreda četrtek petek sobota ned pon "
        "tor sre čet pet sob"
    ),
    "et": (
        "jaanuar veebruar märts aprill mai juuni juuli august september oktoober november detsember jaan "
        "veebr apr aug sept okt nov dets ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר "
        "דצמבר ינו פבר אפר אוג ספט אוק נוב דצמ pühapäev esmaspäev teisipäev kolmapäev neljapäev reede laupäev "
        "p e t k n r l"
    ),
    "lt": (
        "sausio vasario kovo balandžio gegužės birželio liepos rugpjūčio rugsėjo spalio lapkričio gruodžio "
        "saus vas kov bal geg birž liep rugp rugs spal lapkr gruod sausis vasaris kovas balandis gegužė "
        "birželis liepa rugpjūtis rugsėjis spalis lapkritis gruodis ינו פבר מרץ אפר מאי יוני יולי אוג ספט אוק "
        "נוב דצמ sekmadienis pirmadienis antradienis trečiadienis ketvirtadienis penktadienis šeštadienis sk "
        "pr an tr kt pn št"
    ),
    "lv": (
        "janvāris februāris marts aprīlis maijs jūnijs jūlijs augusts septembris oktobris novembris decembris "
        "janv febr apr jūn jūl aug sept okt nov dec ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר "
        "אוקטובר נובמבר דצמבר ינו פבר אפר אוג ספט אוק נוב דצמ svētdiena pirmdiena otrdiena trešdiena "
        "ceturtdiena piektdiena sestdiena svētd pirmd otrd trešd ceturtd piektd sestd"
    ),
    "ca": (
        "gener febrer març d’abril maig juny juliol d’agost setembre d’octubre novembre desembre gen febr "
        "d’abr jul d’ag set d’oct nov des abril agost octubre abr ag oct diumenge dilluns dimarts dimecres "
        "dijous divendres dissabte dg dl dt dc dj dv ds"
    ),
    "fa": (
        "ژانویهٔ فوریهٔ مارس آوریل مهٔ ژوئن ژوئیهٔ اوت سپتامبر اکتبر نوامبر دسامبر ژانویه فوریه مه ژوئیه ינו "
        "פבר מרץ אפר מאי יוני יולי אוג ספט אוק נוב דצמ یکشنبه دوشنبه سهشنبه چهارشنبه پنجشنبه جمعه شنبه"
    ),
}

DATE_WORDS = frozenset(word for words in _NAMES.values() for word in words.split())
