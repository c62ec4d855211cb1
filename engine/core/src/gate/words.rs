//! The words by which a sentence is known to claim something, in every language at once.
//!
//! A claim in another language than the answer's is still a claim, so the tables of all four are
//! read together. What *takes back* a claim (`ikke`, `not`) is read in the answer's own language
//! alone: doubt withholds.

use std::sync::OnceLock;

use crate::{knowledge::Fuel, lang::Lang, reading::phrases::Phrases};

/// What a phrase says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    /// Opening hours: in general, the opening, the closing, a closed day, and `now`.
    Open,
    Opens,
    Closes,
    Closed,
    Now,
    /// Of any week, not of this one: `usually`.
    Usually,
    /// A time by appointment; the offer of one.
    Slot,
    Offer,
    /// In stock or free; `we have`; sold.
    Available,
    Have,
    Sold,
    /// Something is said of an appointment: booked, held, moved, cancelled.
    Deal(Deal),
    /// A promise to do so.
    Books,
    /// A person was called.
    Called,
    /// What other customers do or want.
    Others,
    /// Before the end of a hold; before where a booking was.
    Until,
    From,
    /// Minutes, hours, days; a length that is spelled is not read.
    TimeUnit,
    /// `is free`, where no time is spoken of: gratis.
    Free,
    /// An amount in words.
    Spelled,
    /// The name of a month.
    Month,
    /// Done for the customer: `for you`.
    ForYou,
    /// We will call; within a time; delivery; a guarantee.
    Contact,
    Within,
    Deliver,
    Guarantee,
    Discount,
    Gratis,
    Price,
    /// After an amount: a month, a day.
    Each,
    Under,
    Over,
    /// `that match`: what follows is what the customer asked for.
    Matching,
    OneVehicle,
    ManyVehicles,
    Person,
    Fuel(Fuel),
    /// After a number: horse powers, kilowatt hours.
    Unit,
    /// How far a vehicle goes; how far it has run.
    Range,
    Run,
    /// A distance in words.
    SpelledDistance,
    /// So many seats; zero where the number stands in digits before it.
    Seats(u8),
    /// Before the year in which a vehicle was made.
    ModelYear,
    /// The instructions or the make of the assistant.
    Inside,
    /// Parts clauses.
    But,
}

/// What is said of an appointment. Each needs a receipt that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deal {
    Booked,
    /// Booked, or held and said until when.
    Reserved,
    Held,
    Cancelled,
    Moved,
    /// `Your appointment is on…`, `see you on…`: true of what is booked.
    Stands,
}

/// Negation and condition, of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Not,
    When,
}

#[rustfmt::skip]
const CUES: &[(Cue, &str)] = &[
    // Norwegian
    (Cue::Open, "åpent|åpen|åpne|åpningstid*|holder oppe"),
    (Cue::Opens, "åpner|åpnar"),
    (Cue::Closes, "stenger|lukker"),
    (Cue::Closed, "stengt|lukket"),
    (Cue::Now, "nå|akkurat nå|i øyeblikket"),
    (Cue::Usually, "vanligvis|normalt|ordinær*|vanlige åpningstid*|til vanlig"),
    (Cue::Slot, "ledig tid*|ledige tid*|ledig time|ledige time*|avtale|avtalen|avtaler|timeavtale*|prøvekjør*|prøvetur*|tidspunkt*|første ledige|neste ledige|verkstedtime*"),
    (Cue::Offer, "passer|foreslå*|kan tilby deg tid*"),
    (Cue::Available, "ledig*|tilgjengelig*|til salgs|på lager|i beholdning*|på plass hos oss|klar for levering|inne hos oss"),
    (Cue::Have, "vi har|har vi|finnes|vi tilbyr|vi fører|vi selger"),
    (Cue::Sold, "solgt|solgte|utsolgt"),
    (Cue::Deal(Deal::Booked), "booket|booka|bestilt|bekreftet|avtalt|satt opp|lagt inn|notert deg|i boks|er ordnet|er fikset|fått time*|jeg bekrefter|bekrefter herved|har booket|står i kalenderen|i kalenderen vår|timen er din|tiden er din|er sikret"),
    (Cue::Deal(Deal::Reserved), "reservert*"),
    (Cue::Deal(Deal::Held), "holdt av|satt av|jeg holder av|vi holder av|holder den av|holder tiden|holder timen|holder plassen|holdes av|holder den for deg|holder av"),
    (Cue::Deal(Deal::Cancelled), "avbestilt|kansellert|avlyst|avbestillingen er bekreftet|kanselleringen er bekreftet"),
    (Cue::Deal(Deal::Moved), "ombooket|flyttet|endret til|ombestilt"),
    (Cue::Deal(Deal::Stands), "vi sees|vi ses|ser deg|ses på|sees på|avtalen din er|timen din er|din avtale er|din time er|prøvekjøringen din er|din prøvekjøring er|du har time|du har en time|du har avtale|venter deg|velkommen til avtalen"),
    (Cue::Books, "jeg booker|vi booker|booker jeg|booker vi|jeg reserverer|vi reserverer|reserverer jeg|jeg bestiller|vi bestiller|jeg setter deg|vi setter deg|setter deg opp|skal booke|skal reservere|jeg avbestiller|vi avbestiller|jeg kansellerer|jeg flytter|vi flytter"),
    (Cue::Called, "har varslet|har tilkalt|har hentet|har ringt|har sendt beskjed|har gitt beskjed|er varslet|er tilkalt|har kontaktet"),
    (Cue::Others, "andre kunder|en annen kunde|andre interessenter|flere interessenter|andre interesserte|flere interesserte|samme bil"),
    (Cue::Until, "til|frem til|fram til|inntil"),
    (Cue::From, "fra"),
    (Cue::TimeUnit, "minutt|minutter|minuttene|timer|dager|dagers|uker|måneder|døgn"),
    (Cue::ForYou, "deg|dere|din|ditt|dine"),
    (Cue::Contact, "tar kontakt|ta kontakt med deg|kontakter deg|kontakte deg|ringer deg|ringe deg|ringer deg opp|hører fra oss|høre fra oss|svarer deg|svare deg|tilbake til deg|følger deg opp|følger opp|tar en telefon"),
    (Cue::Within, "innen|i løpet av|om senest|på under"),
    (Cue::Deliver, "lever*|hjemlever*|kjører bilen hjem"),
    (Cue::Guarantee, "garanter*|vi lover|jeg lover|lover deg|lover vi"),
    (Cue::Discount, "rabatt*|avslag|prisavslag*|kampanje*|tilbudspris*|nedsatt|prisreduksjon*|spesialpris*|vennepris*|billigere enn listepris|sette ned prisen|gå ned i pris|under listepris"),
    (Cue::Gratis, "gratis|kostnadsfri*|uten kostnad|ingen kostnad|koster ingenting|koster ikke noe|spandere*"),
    (Cue::Price, "pris|prisen|priser|prisene|koster|kostet|betaler"),
    (Cue::Each, "mnd|per måned|pr måned|i måneden|månedlig|per mnd|pr mnd|per uke|pr uke|i uken|per dag|pr dag|per døgn|dagen|døgnet|per år|i året"),
    (Cue::Under, "under|opptil|inntil|maks|maksimalt|mindre enn|lavere enn|billigere enn"),
    (Cue::Over, "over|mer enn|minst|høyere enn"),
    (Cue::Matching, "som passer|slik|slike|sånn|sånne|tilsvarende"),
    (Cue::OneVehicle, "bil|bilen|kjøretøyet|modellen|eksemplaret"),
    (Cue::ManyVehicles, "biler|bilene|elbiler|kjøretøy|bensinbiler|dieselbiler|hybridbiler|modeller|stasjonsvogner|varebiler"),
    (Cue::Person, "selger|selgeren|selgere|selgerne|kollega|kolleger|rådgiver*|medarbeider*|en av oss|vi er|jeg er|team|teamet|kundebehandler*"),
    (Cue::Unit, "hk|hestekrefter|nm|liter|kilo|kg|kwh|kw|airbager|gir"),
    (Cue::But, "men|mens|derimot|imidlertid|selv om"),
    // English
    (Cue::Open, "open|opening hours|business hours|our hours|opening times"),
    (Cue::Opens, "opens|reopen|reopens|we open|open again|doors open"),
    (Cue::Closes, "closes|we close|close at|closing at|closing time"),
    (Cue::Closed, "closed|shut"),
    (Cue::Now, "now|right now|currently|at the moment"),
    (Cue::Usually, "usually|normally|regular|as a rule|normal opening|ordinary"),
    (Cue::Slot, "slot|slots|appointment|appointments|test drive|test drives|test-driving|free time|free times|available time|available times|next available|first available|time slot*|availability|viewing|viewings"),
    (Cue::Offer, "suit|suits|works for you|work for you|suggest|propose|how about|what about|i can offer you a time"),
    (Cue::Available, "available|in stock|for sale|on the lot|in our showroom|on our forecourt|ready to go|up for grabs|not sold|unsold"),
    (Cue::Have, "we have|we've|we also have|we currently have|don't have|do not have|have no|there is|there are|we offer|we sell|we stock|we carry"),
    (Cue::Sold, "sold"),
    (Cue::Deal(Deal::Booked), "booked|confirmed|scheduled|locked in|all set|secured|blocked off|put you down|put you in|signed you up|you are in|you're in|good to go|arranged|i confirm|we confirm|i can confirm your|we can confirm your|hereby confirm|in our calendar|in the calendar|in our diary|on our books|down for|slot is yours|time is yours|appointment is yours|got you in"),
    (Cue::Deal(Deal::Reserved), "reserved"),
    (Cue::Deal(Deal::Held), "set aside|on hold|held|holding it|am holding|are holding|i hold|we hold|keeping it|pencilled|penciled"),
    (Cue::Deal(Deal::Cancelled), "cancelled|canceled|called off|cancellation is confirmed|cancellation has been confirmed"),
    (Cue::Deal(Deal::Moved), "rescheduled|has been moved|have moved your|is moved to|was moved|i've moved|we've moved|i have moved|we have moved|changed to|pushed back to|brought forward to"),
    (Cue::Deal(Deal::Stands), "see you on|see you at|see you tomorrow|see you then|see you today|we expect you|looking forward to seeing you on|your appointment is|your test drive is|your booking is|your slot is|your visit is|your appointment will be|your test drive will be|you have an appointment|you have a booking|you have a slot"),
    (Cue::Books, "i will book|i'll book|we will book|we'll book|let me book|i am booking|i'm booking|i will reserve|i'll reserve|we will reserve|we'll reserve|i will hold|i'll hold|we will hold|we'll hold|i will schedule|i'll schedule|we'll schedule|we will schedule|i will cancel|i'll cancel|we'll cancel|i will move|i'll move|we'll move|we will move"),
    (Cue::Called, "have notified|has been notified|have alerted|have called|i've called|i've notified|have informed|has been informed|have paged|have asked a colleague|have asked one of us|has been called"),
    (Cue::Others, "other customers|another customer|other buyers|another buyer|other people interested|someone else is interested|others are interested|many people are interested|another interested|the same car"),
    (Cue::Until, "until|till"),
    (Cue::From, "from"),
    (Cue::TimeUnit, "minute|minutes|hours|days|weeks|months"),
    (Cue::Free, "is free|are free|is completely free|comes free|comes for free"),
    (Cue::Spelled, "thousand crowns|hundred crowns|million crowns"),
    (Cue::ForYou, "for you|you|your|yours"),
    (Cue::Contact, "contact you|contacting you|call you|calling you|ring you|get back to you|gets back to you|getting back to you|reach out|hear from us|hear from them|reply to you|follow up|be in touch|in touch with you|phone you|text you|answer you|respond to you"),
    (Cue::Within, "within|in under|in less than|no later than"),
    (Cue::Deliver, "deliver|delivers|delivered|delivery|ship|shipped|shipping|bring the car"),
    (Cue::Guarantee, "guarantee*|we promise|i promise|promised|you have my word|assure you"),
    (Cue::Discount, "discount*|% off|percent off|off the price|off the list price|price cut|reduced price|special price|special offer|cashback|rebate*|knock off|lower the price|drop the price|price reduction|promotion*|promo|deal of|a deal for you|below list price"),
    (Cue::Gratis, "free of charge|for free|no charge|no cost|complimentary|costs nothing|cost nothing|free test|free delivery|free service|completely free|totally free|free gift|on the house|absolutely free"),
    (Cue::Price, "price|prices|priced|cost|costs|pay"),
    (Cue::Each, "month|per month|a month|monthly|per week|a week|weekly|per day|a day|daily|per year|a year"),
    (Cue::Under, "under|below|less than|up to|at most|maximum|cheaper than|no more than"),
    (Cue::Over, "over|above|more than|at least"),
    (Cue::Matching, "match|matches|matching|like that|such|that fit|fits"),
    (Cue::OneVehicle, "car|the vehicle|this vehicle|that vehicle"),
    (Cue::ManyVehicles, "cars|vehicles|evs|vans|suvs"),
    (Cue::Person, "seller|sellers|salesperson|sales team|colleague*|advisor*|adviser*|team|one of us|we are|i am|i'm|we're|staff|human"),
    (Cue::Unit, "hp|bhp|horsepower|litre|litres|torque|mpg"),
    (Cue::But, "but|while|whereas|however|although|though"),
    // French
    (Cue::Open, "ouvert|ouverts|ouverte|ouvertes|horaires|heures d'ouverture|horaires d'ouverture"),
    (Cue::Opens, "ouvre|ouvrons|rouvr*|ouvrira|ouvrirons"),
    (Cue::Closes, "ferme|fermons|fermera|fermerons"),
    (Cue::Closed, "fermé|fermés|fermée|fermées|est ferme|sommes fermes"),
    (Cue::Now, "maintenant|en ce moment|actuellement"),
    (Cue::Usually, "habituel*|normalement|d'habitude|en général"),
    (Cue::Slot, "créneau|créneaux|rendez-vous|rdv|essai|essais|essayer|disponibilités|plage horaire"),
    (Cue::Offer, "convien*|convenir|propose|proposons|conviendr*"),
    (Cue::Available, "disponible*|en stock|à la vente|en vente|dispo|dispos|à vendre"),
    (Cue::Have, "nous avons|avons|on a|il y a|nous vendons|nous disposons"),
    (Cue::Sold, "vendu|vendue|vendus|vendues"),
    (Cue::Deal(Deal::Booked), "confirmé|confirmée|confirmés|confirmées|est confirme|bien confirme|ete confirme|planifié|planifiée|programmé|programmée|validé|validée|c'est noté pour|c'est bon pour|inscrit|inscrite|fixé|fixée|je confirme|je vous confirme|nous confirmons|nous vous confirmons|dans notre agenda|dans l'agenda|dans notre calendrier|créneau est à vous|il est à vous"),
    (Cue::Deal(Deal::Reserved), "réservé|réservée|réservés|réservées|est reserve|a reserve|bien reserve|j'ai réservé|nous avons réservé"),
    (Cue::Deal(Deal::Held), "bloqué|bloquée|est bloque|mis de côté|mise de côté|retenu|retenue|je garde ce|je vous garde|nous vous gardons|je bloque|je le bloque|je la bloque|je le garde|je la garde|nous le gardons|nous la gardons|je vous bloque|nous bloquons|nous vous bloquons|je retiens|nous retenons|gardé|gardée"),
    (Cue::Deal(Deal::Cancelled), "annulé|annulée|annulés|annulées|est annule|ete annule|annulation est confirmée|annulation a été confirmée"),
    (Cue::Deal(Deal::Moved), "reporté|reportée|déplacé|déplacée|décalé|décalée|avancé au|modifié|modifiée"),
    (Cue::Deal(Deal::Stands), "on se voit|je vous attends|nous vous attendons|votre rendez-vous est|votre rendez-vous a lieu|votre rendez-vous aura lieu|votre essai est|votre essai a lieu|votre essai aura lieu|votre réservation est|vous avez rendez-vous|vous avez un rendez-vous|à demain"),
    (Cue::Books, "je réserve|je vous réserve|nous réservons|nous vous réservons|réserverai|réserverons|je vous inscris|nous vous inscrivons|j'annule|nous annulons|je déplace|nous déplaçons|annulerai|annulerons"),
    (Cue::Called, "ai prévenu|avons prévenu|ai averti|avons averti|ai appelé un|avons appelé un|est prévenu|est prévenue|a été prévenu|a été prévenue|ai contacté un|ai informé|a été informé|a été informée"),
    (Cue::Others, "autres clients|un autre client|d'autres acheteurs|un autre acheteur|d'autres personnes intéressées|plusieurs personnes intéressées|la même voiture"),
    (Cue::Until, "jusqu'à|jusqu'au"),
    (Cue::From, "de|du"),
    (Cue::TimeUnit, "minute|minutes|heures|jours|semaines"),
    (Cue::Spelled, "mille couronnes|cent couronnes|cents couronnes|millions de couronnes|million de couronnes"),
    (Cue::ForYou, "vous|votre|vos|pour vous"),
    (Cue::Contact, "vous contact*|vous rappel*|vous appel*|vous recontact*|revien* vers vous|reviendr* vers vous|vous répond*|vous écri*|vous joindr*|vous téléphon*|aurez de nos nouvelles"),
    (Cue::Within, "dans les|d'ici|sous|au plus tard|en moins de|dans un délai de"),
    (Cue::Deliver, "livr*"),
    (Cue::Guarantee, "garanti*|je vous promets|nous vous promettons|promettons|je vous assure|nous vous assurons"),
    (Cue::Discount, "remise*|rabais|ristourne*|réduction*|promo|promos|promotion*|prix spécial|offre spéciale|baisser le prix|baisse de prix|geste commercial|prix réduit|prix promotionnel"),
    (Cue::Gratis, "gratuit*|sans frais|offert|offerte|offerts|offertes|sans aucun frais|ne coûte rien"),
    (Cue::Price, "prix|coûte|coûtent|tarif|tarifs"),
    (Cue::Each, "mois|par mois|mensuel*|par semaine|par jour|par an"),
    (Cue::Under, "moins de|jusqu'à|maximum|en dessous de|inférieur* à|moins cher* que"),
    (Cue::Over, "plus de|au moins|au-dessus de|supérieur* à"),
    (Cue::Matching, "correspond*|de ce type|de ce genre|tel|telle|tels|telles"),
    (Cue::OneVehicle, "voiture|véhicule|modèle|auto"),
    (Cue::ManyVehicles, "voitures|véhicules|modèles|autos|utilitaires|occasions"),
    (Cue::Person, "vendeur*|vendeuse*|conseiller*|conseillère*|collègue*|équipe|l'un de nous|nous sommes|je suis|commercial|commerciaux"),
    (Cue::Unit, "ch|cv|chevaux|litres|couple"),
    (Cue::But, "mais|tandis|alors que|cependant|toutefois|en revanche"),
    // Arabic
    (Cue::Open, "مفتوح*|ساعات العمل|اوقات العمل|دوام*|نعمل|ساعات الدوام"),
    (Cue::Opens, "نفتح|يفتح|تفتح|سنفتح|يعاود الفتح"),
    (Cue::Closes, "نغلق|يغلق|تغلق|سنغلق"),
    (Cue::Closed, "مغلق*"),
    (Cue::Now, "الآن|حاليا"),
    (Cue::Usually, "عادة|المعتادة|العادية|غالبا"),
    (Cue::Slot, "موعد*|مواعيد*|تجربة قيادة|تجربة القيادة|تجربة*|أوقات متاحة|الأوقات المتاحة|وقت متاح|معاينة"),
    (Cue::Offer, "يناسب*|نقترح*|أقترح*"),
    (Cue::Available, "متوفر*|متاح*|متوافر*|للبيع|في المخزون|موجودة|موجود|معروضة"),
    (Cue::Have, "لدينا|عندنا|يوجد|توجد|نوفر|نبيع"),
    (Cue::Sold, "مباع*|بيعت|تم بيع*|تم البيع"),
    (Cue::Deal(Deal::Booked), "تم حجز*|يتم حجز*|يتم الحجز|يتم تأكيد*|تم الحجز|حجزنا*|حجزت*|تم تأكيد*|تم التأكيد|مؤكد*|تم تثبيت*|أكدنا*|حجزك مؤكد|تم تحديد*|تم جدولة*|ثبتنا*|أؤكد لك|نؤكد لك|نؤكد حجز*|في تقويمنا|مسجل لدينا|أصبح الموعد لك"),
    (Cue::Deal(Deal::Reserved), "محجوز*"),
    (Cue::Deal(Deal::Held), "نحتفظ*|أحتفظ*|احتفظنا*|احتفظت*|محتجز*"),
    (Cue::Deal(Deal::Cancelled), "تم إلغاء*|تم الإلغاء|ملغى|ملغاة|ألغينا*|ألغيت*|تم تأكيد الإلغاء|تم تأكيد إلغاء*"),
    (Cue::Deal(Deal::Moved), "تم نقل*|تم تغيير موعد*|تم تعديل*|نقلنا*|تم تأجيل*|تم تقديم*"),
    (Cue::Deal(Deal::Stands), "نراك|أراك|ننتظرك|موعدك هو|موعدك يوم|موعدك في|موعدك غدا|لديك موعد|موعدك الساعة|تجربة قيادتك يوم|حجزك يوم"),
    (Cue::Books, "سأحجز*|سنحجز*|أحجز لك|نحجز لك|سألغي*|سنلغي*|سنؤكد*|سأنقل*|سننقل*"),
    (Cue::Called, "أبلغت*|أبلغنا*|تم إبلاغ*|استدعيت*|استدعينا*|تم استدعاء*|أخبرت زميل*|اتصلت بزميل*"),
    (Cue::Others, "عملاء آخر*|عميل آخر|زبائن آخر*|زبون آخر|مشترون آخر*|مشتر آخر|نفس السيارة"),
    (Cue::Until, "حتى|لغاية|لحد"),
    (Cue::From, "من"),
    (Cue::TimeUnit, "دقيقة|دقائق|دقيقتين|ساعات|ساعتين|أيام|يومين|أسابيع|أسبوعين"),
    (Cue::Spelled, "ألف كرونة|آلاف كرونة|مليون كرونة|مئة كرونة"),
    (Cue::ForYou, "لك|لكم|معك|موعدك|حجزك|إليك|بك"),
    (Cue::Contact, "سيتصل*|سنتصل*|يتصل بك|نتصل بك|سيتواصل*|سنتواصل*|يتواصل معك|نتواصل معك|سيعود إليك|سنعود إليك|يعود إليك|سيرد*|سنرد*|يرد عليك|سيراسل*"),
    (Cue::Within, "خلال|في غضون|في أقل من|بحد أقصى خلال"),
    (Cue::Deliver, "توصيل*|نوصل*|سنوصل*|تسليم*|سنسلم*"),
    (Cue::Guarantee, "نضمن*|أضمن*|نعدك*|أعدك*|مضمون*|ضمان*"),
    (Cue::Discount, "خصم*|تخفيض*|عرض خاص|سعر خاص|تنزيلات|حسم*|عروض خاصة|نخفض*"),
    (Cue::Gratis, "مجان*|بدون مقابل|دون مقابل|بلا تكلفة|بدون تكلفة"),
    (Cue::Price, "سعر*|أسعار*|تكلفة|يكلف|تكلف|ثمن*"),
    (Cue::Each, "شهريا|في الشهر|أسبوعيا|في الأسبوع|يوميا|في اليوم|سنويا"),
    (Cue::Under, "أقل من|تحت|لا يتجاوز|بحد أقصى|أرخص من|حتى"),
    (Cue::Over, "أكثر من|فوق|على الأقل"),
    (Cue::Matching, "مطابق*|تطابق|يطابق|بهذه المواصفات|كهذه|تناسب*"),
    (Cue::OneVehicle, "سيارة|مركبة"),
    (Cue::ManyVehicles, "سيارات|مركبات|سياراتنا"),
    (Cue::Person, "بائع*|البائع*|مستشار*|زميل*|فريق*|أحد أفراد|مندوب*|موظف*|نحن"),
    (Cue::Unit, "حصان|حصانا|لتر"),
    (Cue::But, "لكن|بينما|غير أن|إلا أن"),
    // Of every language
    (Cue::Month, "januar|februar|april|mai|juni|juli|august|september|oktober|november|desember|january|february|june|july|october|december|janvier|février|avril|juin|juillet|août|septembre|octobre|novembre|décembre|يناير|فبراير|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر"),
    (Cue::Fuel(Fuel::Electric), "elektrisk*|elbil*|el-bil*|helelektrisk*|electric|evs|électrique*|كهربائية|كهربائي|كهربائيا"),
    (Cue::Fuel(Fuel::Petrol), "bensin*|petrol|gasoline|essence|بنزين"),
    (Cue::Fuel(Fuel::Diesel), "diesel*|ديزل"),
    (Cue::Fuel(Fuel::Hybrid), "hybrid*|ladbar*|plug-in|هجين*|هايبرد"),
    (Cue::Range, "rekkevidd*|kjører på en lading|per lading|på en lading|range|on a charge|per charge|on one charge|on a single charge|on a full charge|autonomie|par charge|avec une charge|en une charge|مدى|المدى|مداها|بشحنة واحدة|بالشحنة الواحدة|في الشحنة|wltp"),
    (Cue::Run, "gått|kjørt|kilometerstand*|kjørelengde*|km-stand*|kjørte|driven|mileage|odometer|on the clock|has run|has done|kilométrage|parcouru*|roulé|au compteur|قطعت|المسافة المقطوعة|العداد|ممشى"),
    (Cue::SpelledDistance, "hundre kilometer|hundre km|hundre mil|tusen kilometer|tusen km|tohundre kilometer|trehundre kilometer|firehundre kilometer|femhundre kilometer|sekshundre kilometer|sjuhundre kilometer|syvhundre kilometer|åttehundre kilometer|nihundre kilometer|tohundre km|trehundre km|firehundre km|femhundre km|sekshundre km|sjuhundre km|syvhundre km|åttehundre km|nihundre km|hundred kilometres|hundred kilometers|hundred km|hundred miles|thousand kilometres|thousand kilometers|thousand km|thousand miles|cent kilomètres|cents kilomètres|cent km|cents km|mille kilomètres|mille km|مئة كيلومتر|مائة كيلومتر|مئتا كيلومتر|مئتي كيلومتر|مائتا كيلومتر|مائتي كيلومتر|ثلاثمئة كيلومتر|ثلاثمائة كيلومتر|أربعمئة كيلومتر|أربعمائة كيلومتر|خمسمئة كيلومتر|خمسمائة كيلومتر|ستمئة كيلومتر|ستمائة كيلومتر|سبعمئة كيلومتر|سبعمائة كيلومتر|ثمانمئة كيلومتر|ثمانمائة كيلومتر|ثمانيمئة كيلومتر|ثمانيمائة كيلومتر|تسعمئة كيلومتر|تسعمائة كيلومتر|ألف كيلومتر|آلاف كيلومتر|مئة كم|مائة كم|مئتا كم|مئتي كم|مائتا كم|مائتي كم|ثلاثمئة كم|ثلاثمائة كم|أربعمئة كم|أربعمائة كم|خمسمئة كم|خمسمائة كم|ستمئة كم|ستمائة كم|سبعمئة كم|سبعمائة كم|ثمانمئة كم|ثمانمائة كم|ثمانيمئة كم|ثمانيمائة كم|تسعمئة كم|تسعمائة كم|ألف كم|آلاف كم"),
    (Cue::Seats(0), "sete|seter|seters|setene|seteren|sitteplass*|seat|seats|seater|place|places|sièges|مقعد|مقعدا|مقاعد|المقاعد"),
    (Cue::Seats(2), "to seter|toseter*|two seats|two-seater|deux places|biplace*|مقعدان|مقعدين"),
    (Cue::Seats(3), "tre seter|three seats|three-seater|trois places|ثلاثة مقاعد"),
    (Cue::Seats(4), "fire seter|fireseter*|four seats|four-seater|quatre places|أربعة مقاعد"),
    (Cue::Seats(5), "fem seter|femseter*|five seats|five-seater|cinq places|خمسة مقاعد"),
    (Cue::Seats(6), "seks seter|seksseter*|six seats|six-seater|six places|ستة مقاعد"),
    (Cue::Seats(7), "sju seter|syv seter|sjuseter*|syvseter*|seven seats|seven-seater|sept places|سبعة مقاعد"),
    (Cue::Seats(8), "åtte seter|åtteseter*|eight seats|eight-seater|huit places|ثمانية مقاعد"),
    (Cue::Seats(9), "ni seter|niseter*|nine seats|nine-seater|neuf places|تسعة مقاعد"),
    (Cue::ModelYear, "årsmodell*|modellår*|er fra|produsert i|bygget i|model year|is from|made in|built in|année modèle|millésime|est de|date de|construit* en|من عام|من سنة|موديل|طراز عام|سنة الصنع"),
    (Cue::Inside, "system prompt|systemprompt*|systemmelding*|systeminstruks*|my instructions|my rules|mine instruksjoner|instruksjonene mine|mine instrukser|mine regler|mes instructions|mes consignes|prompt système|instructions système|تعليماتي|موجه النظام|language model|språkmodell*|modèle de langage|نموذج لغوي|anthropic|openai|chatgpt|developer mode|utviklermodus|jailbreak"),
];

#[rustfmt::skip]
const fn turns(lang: Lang) -> [(Turn, &'static str); 2] {
    match lang {
        Lang::Nb => [
            (Turn::Not, "ikke|ikkje|ingen|ingenting|intet|aldri|uten"),
            (Turn::When, "når|før|hvis|dersom|inntil|så snart|etter at|først når|til en selger|til en av oss|til vi"),
        ],
        Lang::En => [
            (Turn::Not, "not|no|never|none|nothing|nobody|isn't|aren't|don't|doesn't|won't|can't|haven't|hasn't|wasn't|weren't|cannot|neither|nor|without"),
            (Turn::When, "until|once|when|before|after|if|as soon as|unless"),
        ],
        Lang::Fr => [
            (Turn::Not, "pas|rien|aucun|aucune|jamais|ne|n|sans|ni"),
            (Turn::When, "dès que|une fois|quand|lorsque|avant|si|tant que|après|jusqu'à ce que|qu'après"),
        ],
        Lang::Ar => [
            (Turn::Not, "لا|ليس|ليست|لم|لن|غير|لسنا|بدون|عدم|ولا"),
            (Turn::When, "حتى|بعد|عندما|قبل|إذا|إلى أن|بمجرد|حين"),
        ],
    }
}

/// The cues of every language.
pub(super) fn cues() -> &'static Phrases<Cue> {
    static TABLE: OnceLock<Phrases<Cue>> = OnceLock::new();
    TABLE.get_or_init(|| Phrases::new(CUES.iter().copied()))
}

/// Negations and conditions of `lang`.
pub(super) fn turns_of(lang: Lang) -> &'static Phrases<Turn> {
    static TABLES: OnceLock<[Phrases<Turn>; 4]> = OnceLock::new();
    let tables = TABLES.get_or_init(|| Lang::ALL.map(|lang| Phrases::new(turns(lang))));
    let index = Lang::ALL.iter().position(|other| *other == lang).unwrap_or(0);
    &tables[index]
}
