//! The words that join days and times, and those that take, refuse or change them, as tables.

use std::sync::LazyLock;

use crate::reading::phrases::Phrases;

/// What a word or phrase does in a text about when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A part of the day, in hours: `om ettermiddagen`.
    Part(u16, u16),
    Before,
    After,
    Between,
    Around,
    /// Parts what is on both sides: `eller`.
    Or,
    /// Ends a refusal: `ikke mandag, men tirsdag`.
    But,
    Not,
    /// A length of time follows: `om to dager`.
    In,
    /// This week, the next: 0, 1, 2.
    Week(u8),
    /// The first days of this week or the next, and the last.
    StartOf(u8),
    EndOf(u8),
    /// Between two times: `til`.
    To,
    And,
    /// A time that is named too loosely: `neste måned`.
    Loose,
    /// A number follows that is a day of the month: `den 24.`
    TheDay,
    Soonest,
    Any,
    Yes,
    No,
    /// It does not suit: what is named beside it is ruled out.
    Cannot,
    /// `kanskje`: neither a yes nor a no.
    Unsure,
    /// Something said before is not so: `jeg mente`, `heller`.
    Correction,
    Cancel,
    Move,
    Person,
    Thanks,
    /// A phrase of one language that holds a word of another: `je peux passer`.
    Nothing,
    /// A question is asked, with or without its mark.
    Asks,
}

/// The table. Phrases of four languages, parted by `|`; the longest at a place is taken.
pub(super) fn words() -> &'static Phrases<Word> {
    static WORDS: LazyLock<Phrases<Word>> = LazyLock::new(|| Phrases::new(TABLE.iter().copied()));
    &WORDS
}

#[rustfmt::skip]
const TABLE: &[(Word, &str)] = &[
    // ---- parts of the day ----
    (Word::Part(7, 12), "morgen|morgenen|morgenkvisten|morgentimene|formiddag|formiddagen|tidlig|tidlig på dagen|morning|mornings|early|matin|matinée|tôt|صباح|صباحا|الصباح|الصبح|صبح|بكير|مبكر|مبكرا|باكر"),
    (Word::Part(11, 13), "lunsj|lunsjtid|lunsjen|lunsjpausen|midt på dagen|midday|lunch|lunchtime|lunch break|heure du déjeuner|pause déjeuner|déjeuner|وقت الغداء|الغداء|منتصف النهار"),
    (Word::Part(12, 17), "ettermiddag|ettermiddagen|ettermiddagstid|afternoon|afternoons|après-midi|aprem|بعد الظهر|الظهر|ظهرا|العصر|عصرا|بعد العصر"),
    (Word::Part(16, 20), "etter jobb|etter jobben|etter arbeidstid|etter arbeid|after work|après le travail|après le boulot|après mon travail|بعد الدوام|بعد العمل|بعد الشغل"),
    (Word::Part(17, 21), "kveld|kvelden|kveldstid|sent|evening|evenings|tonight|late|soir|soirée|مساء|المساء|الليله|ليلا|العشيه"),
    // ---- before, after, between ----
    (Word::Before, "før|innen|senest|within|d'ici|خلال|ikke senere enn|frem til|fram til|before|by|until|no later than|not later than|at the latest|latest|avant|jusqu'à|au plus tard|pas après|قبل|حتى|في موعد اقصاه"),
    (Word::After, "etter|fra|fra og med|tidligst|ikke før|after|from|not before|no earlier than|any time after|anytime after|starting|past|après|à partir de|à partir du|dès|depuis|pas avant|بعد|من|ابتداء من|اعتبارا من|ليس قبل"),
    (Word::Between, "mellom|imellom|between|entre|بين|ما بين"),
    (Word::Around, "rundt|cirka|ca|omkring|sånn|omtrent|ved|around|about|approximately|roughly|ish|some time around|vers|environ|aux alentours de|autour de|aux environs de|حوالي|تقريبا|نحو|قرابه|زهاء"),
    (Word::To, "til|to|till|à|الى|الي|لغايه"),
    (Word::And, "og|and|et|و|&"),
    (Word::Or, "eller|or|ou|ou bien|او|أو|ولا"),
    (Word::But, "men|bare|but|only|mais|seulement|لكن|بل|ولكن|انما"),
    (Word::Not, "ikke|unntatt|utenom|bortsett fra|not|except|excluding|anything but|pas|sauf|hormis|excepté|ما عدا|ليس|مو|مش|الا|باستثناء"),
    (Word::In, "om|in|dans|بعد"),
    // ---- weeks ----
    (Word::Week(0), "denne uka|denne uken|i løpet av uka|i løpet av uken|this week|later this week|cette semaine|dans la semaine|هذا الاسبوع|هالاسبوع|خلال الاسبوع"),
    (Word::Week(1), "neste uke|uka etter|uken etter|kommende uke|next week|the coming week|la semaine prochaine|semaine prochaine|la semaine qui vient|la semaine suivante|الاسبوع القادم|الاسبوع المقبل|الاسبوع الجاي|الاسبوع التالي"),
    (Word::Week(2), "uka etter neste|uken etter neste|week after next|the week after next|la semaine d'après|الاسبوع بعد القادم|الاسبوع بعد المقبل"),
    (Word::StartOf(0), "begynnelsen av uka|begynnelsen av uken|starten av uka|starten av uken|tidlig i uka|tidlig i uken|tidlig denne uka|start of the week|start of this week|beginning of the week|early in the week|early this week|début de semaine|en début de semaine|début de cette semaine|بدايه الاسبوع|اول الاسبوع|مطلع الاسبوع"),
    (Word::StartOf(1), "begynnelsen av neste uke|starten av neste uke|tidlig neste uke|tidlig i neste uke|start of next week|beginning of next week|early next week|début de semaine prochaine|en début de semaine prochaine|début de la semaine prochaine|بدايه الاسبوع القادم|بدايه الاسبوع المقبل|اول الاسبوع القادم|مطلع الاسبوع القادم|اول الاسبوع الجاي"),
    (Word::EndOf(0), "slutten av uka|slutten av uken|sent i uka|sent i uken|mot slutten av uka|mot slutten av uken|senere i uka|end of the week|end of this week|late in the week|later in the week|fin de semaine|en fin de semaine|fin de cette semaine|اخر الاسبوع|اواخر الاسبوع"),
    (Word::EndOf(1), "slutten av neste uke|sent neste uke|mot slutten av neste uke|end of next week|late next week|fin de semaine prochaine|en fin de semaine prochaine|fin de la semaine prochaine|اخر الاسبوع القادم|اواخر الاسبوع القادم|نهايه الاسبوع القادم"),
    (Word::Loose, "neste måned|en annen dag|en annen gang|en gang|litt senere|senere|til våren|next month|some day|someday|another day|another time|some other time|later on|le mois prochain|un autre jour|une autre fois|plus tard|un de ces jours|الشهر القادم|الشهر المقبل|يوم اخر|وقت اخر|لاحقا|في وقت لاحق"),
    (Word::TheDay, "den|le|يوم"),
    // ---- as soon as there is a place, or whenever ----
    (Word::Soonest, "første ledige|første ledige time|første mulige|så snart som mulig|så fort som mulig|snarest|snarest mulig|fortest mulig|så tidlig som mulig|tidligst mulig|first available|first slot|earliest|the earliest you have|soonest|as soon as possible|asap|as early as possible|next available|le plus tôt possible|au plus tôt|dès que possible|au plus vite|le plus vite possible|premier créneau|première disponibilité|prochain créneau|première heure disponible|en urgence|اقرب موعد|اقرب وقت|في اقرب وقت|باسرع وقت|اول موعد|اسرع وقت|باقرب وقت|اول موعد متاح"),
    (Word::Any, "når som helst|samme når|det samme|samme for meg|spiller ingen rolle|hvilken dag som helst|alle dager|hele dagen|når det passer dere|helt fleksibel|fleksibel|any time|anytime|any day|whenever|i'm flexible|i am flexible|flexible|doesn't matter|does not matter|don't mind|all day|either works|either is fine|either one|n'importe quand|n'importe quel jour|peu importe|je suis flexible|quand vous voulez|ça m'est égal|toute la journée|les deux me vont|اي وقت|اي يوم|في اي وقت|لا يهم|ما يهم|مرن|كما يناسبكم|متي ما تريدون|طوال اليوم|ما تفرق|كله واحد"),
    // ---- yes, no, and in between ----
    (Word::Yes, "ikke noe problem|ingen problem|null problem|hvorfor ikke|no problem|no worries|why not|not a problem|pas de problème|pas de souci|aucun problème|aucun souci|pourquoi pas|sans problème|لا مشكله|لا باس|ما في مشكله|مافي مشكله|ليش لا|لم لا|ja|jo|jepp|japp|ja takk|jada|joda|gjerne|veldig gjerne|kjør på|den er grei|det er greit|greit|greit for meg|passer|passer bra|passer fint|passer perfekt|det passer|det passer fint|perfekt|supert|flott|topp|kanon|fint|stemmer|det stemmer|ok|okay|okei|oki|okey|bekreft|bekrefter|bekreftet|avtale|avtalt|det blir bra|det går bra|det går fint|går bra|går fint|går greit|det funker|funker|funker bra|den tar jeg|jeg tar den|jeg tar det|vi sier det|book den|book det|bestill|høres bra ut|yes|yep|yeah|yup|sure|of course|certainly|absolutely|definitely|sounds good|sounds great|sounds perfect|both work|would work|could work|works for me|that works|it works|works|perfect|great|fine|that's fine|good|confirm|confirmed|i confirm|correct|that's right|go ahead|book it|please book|let's do that|let's do it|deal|i'll take it|i will take it|suits me|oui|ouais|oui merci|d'accord|ça marche|ça me va|cela me convient|ça me convient|me convient|ça convient|parfait|très bien|c'est bon|c'est parfait|entendu|volontiers|avec plaisir|bien sûr|exactement|c'est ça|je confirme|je prends|je le prends|confirmez|va pour|vendu|super|impeccable|allez-y|réservez|نعم|اجل|ايوه|ايوا|اه|طيب|تمام|حسنا|موافق|موافقه|اوكي|اوك|ممتاز|مناسب|يناسبني|مناسب لي|مناسبني|اكيد|بالتاكيد|طبعا|صحيح|اؤكد|اكد|احجز|احجزه|احجزها|اتفقنا|تم|ماشي|زين|رائع|جيد|عظيم|ان شاء الله"),
    (Word::No, "for tidlig|for sent|too early|too late|trop tôt|trop tard|مبكر جدا|متاخر جدا|nei|nei takk|niks|neppe|dessverre|ikke aktuelt|no|nope|no thanks|no thank you|nah|unfortunately|i'd rather not|i am afraid|i'm afraid|non|non merci|malheureusement|hélas|لا|كلا|لا شكرا|للاسف|مستحيل"),
    (Word::Cannot, "pas bon|n'est pas bon|ingen av dem|ingen av delene|ikke noe av det|neither|none of them|none of those|none|aucun|aucune|aucun des deux|ni l'un ni l'autre|ولا واحد|passer ikke|passer dessverre ikke|passer det ikke|passer dårlig|passer meg ikke|det passer ikke|det passer dessverre ikke|det går ikke|det går dessverre ikke|går ikke|går dessverre ikke|funker ikke|det funker ikke|kan ikke|kan jeg ikke|kan jeg dessverre ikke|kan dessverre ikke|rekker ikke|får ikke til|er opptatt|jobber da|doesn't work|does not work|don't work|won't work|doesn't suit|does not suit|can't|cannot|can not|can't do|can't make|cannot make|couldn't|not possible|i'm busy|i am busy|busy|no good|pas possible|n'est pas possible|ne me convient pas|ne me convient vraiment pas|ne convient pas|ne me va pas|ça ne va pas|ça ne me va pas|ça ne marche pas|ne marche pas|ne peux pas|je ne peux pas|ne pourrai pas|ne suis pas disponible|pas disponible|pas libre|impossible|suis occupé|suis occupée|je travaille|لا يناسبني|ما يناسبني|ما يناسب|لا يناسب|غير مناسب|مو مناسب|مش مناسب|لا استطيع|لن استطيع|ما اقدر|لا اقدر|ما بقدر|مشغول|مشغوله|عندي شغل|عندي دوام"),
    (Word::Unsure, "kanskje|muligens|vet ikke|usikker|er ikke sikker|må sjekke|skal sjekke|må tenke|tenke på det|la meg tenke|kommer tilbake|gir beskjed|tror det|maybe|perhaps|not sure|i don't know|don't know|dunno|let me check|need to check|have to check|let me think|think about it|get back to you|i think so|possibly|might|peut-être|pas sûr|pas sûre|je ne sais pas|sais pas|je dois vérifier|je vérifie|je vais voir|je réfléchis|je vais réfléchir|je vous redis|je reviens vers vous|on verra|éventuellement|ربما|يمكن|نعم ولا|لست متاكدا|لست متاكد|غير متاكد|مو متاكد|مش متاكد|لا اعرف|ما اعرف|مدري|لازم اتاكد|ساتاكد|خليني افكر|سافكر|ارد عليكم|ساري"),
    (Word::Correction, "jeg mente|jeg mener|mente|heller|i stedet|istedenfor|i stedet for|istedet|egentlig|rettelse|feil|skrev feil|ombestemt|ombestemte meg|beklager|unnskyld|oi|oops|obs|vent|likevel|i meant|i mean|meant|instead|instead of|rather|actually|correction|make that|make it|sorry|wait|scratch that|on second thought|my mistake|wrong|typo|change that to|plutôt|en fait|finalement|je voulais dire|je veux dire|au lieu de|à la place|pardon|désolé|désolée|erreur|je me suis trompé|je me suis trompée|correction|oups|attendez|tout compte fait|بدلا|بدل|بدلا من|قصدي|اقصد|كنت اقصد|عفوا|اسف|اسفه|خطا|في الحقيقه|بالاحري|غيرت رايي|تصحيح|لحظه"),
    (Word::Cancel, "avbestill|avbestille|avbestiller|avlys|avlyse|avlyser|kanseller|kansellere|kansellerer|slett timen|dropp timen|droppe timen|kommer ikke likevel|kan ikke komme|må avlyse|cancel|cancel it|cancelling|call it off|call off|won't be coming|can't come|not coming|delete my booking|annuler|annulez|annulation|j'annule|je ne viendrai pas|je ne peux pas venir|décommander|supprimer le rendez-vous|الغاء|الغ|الغي|الغوا|اريد الغاء|لن احضر|لن استطيع الحضور|ما اقدر اجي|كنسل"),
    (Word::Move, "déplac*|décal*|flytt|flytte|flytter|flyttet|utsett|utsette|endre|endre tid|endre timen|ny tid|annen tid|et annet tidspunkt|bytte|bytte tid|bytte dag|forskyve|reschedule|move|move it|change the time|change my|change it|postpone|push it|push back|bring it forward|another time slot|different time|different day|déplacer|reporter|décaler|changer|modifier|avancer le rendez-vous|une autre heure|un autre créneau|autre créneau|تغيير|اغير|غير الموعد|نغير|تاجيل|اجل|ناجل|نقل|انقل|تقديم الموعد|موعد اخر|تعديل"),
    (Word::Person, "menneske|et menneske|ekte person|snakke med noen|snakke med en|snakke med en selger|kundebehandler|en selger|ring meg|human|a human|real person|a person|speak to someone|talk to someone|speak with someone|speak to a|talk to a|an agent|call me|representative|un humain|une vraie personne|parler à quelqu'un|parler à un|parler avec|un conseiller|une conseillère|un vendeur|appelez-moi|rappelez-moi|شخص حقيقي|انسان|موظف|التحدث مع|اتكلم مع|احكي مع|ممثل|كلموني|اتصلوا بي|مندوب"),
    (Word::Thanks, "takk|tusen takk|takk skal du ha|mange takk|thanks|thank you|cheers|many thanks|merci|merci beaucoup|merci bien|شكرا|شكرا جزيلا|يعطيك العافيه|مشكور|مشكورين"),
    (Word::Nothing, "peux passer|puis passer|pourrais passer|vais passer|veux passer|voudrais passer|peut passer"),
    (Word::Asks, "har dere|har du|kan jeg|kan vi|er det|når|hva|hvor|hvilke|hvilken|går det an|finnes det|do you have|have you|can i|can we|could i|could we|is there|are there|when|what|which|how|would it|est-ce|avez-vous|vous avez|puis-je|peut-on|pourrais-je|est-il|y a-t-il|quand|quel|quelle|quels|quelles|combien|هل|متي|ما هو|ما هي|كم|اي يوم|اي ساعه|عندكم|لديكم|ايش|وش|شو|ممكن"),
];
