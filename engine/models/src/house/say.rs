//! Every sentence of the assistant's policy, in four languages.
//!
//! Sentences that ask are recognised when they come back as the last line of the assistant's: that is how
//! the house responder knows what an answer answers, without a memory of its own.

use forecourt_core::{calendar, lang::Lang};
use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

/// What the assistant asked last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Topic,
    Service,
    When,
    WhichTime,
    Yes,
    Name,
    Email,
    NameAndEmail,
    Code,
    Drive,
    FindTime,
    WhichVehicle,
    Person,
}

/// Which question each sentence asks; more than one wording, so that nothing is said twice in a row.
#[rustfmt::skip]
const QUESTIONS: &[(Asked, [&[&str]; 4])] = &[
    (Asked::Topic, [
        &["Gjelder det en bil, en time eller noe annet?", "Fortell gjerne kort hva det gjelder, så hjelper jeg deg."],
        &["Est-ce au sujet d'une voiture, d'un rendez-vous ou d'autre chose ?", "Dites-moi en quelques mots de quoi il s'agit, et je vous aide."],
        &["Is it about a car, an appointment or something else?", "Tell me in a few words what it is about, and I will help."],
        &["هل يتعلق الأمر بسيارة أم بموعد أم بشيء آخر؟", "أخبرني باختصار بما تحتاج إليه وسأساعدك."],
    ]),
    (Asked::When, [
        &["Når passer det for deg?", "Hvilken dag eller tid vil du ha?"],
        &["Quand souhaitez-vous venir ?", "Quel jour ou quelle heure préférez-vous ?"],
        &["When would you like to come?", "Which day or time would you prefer?"],
        &["متى تود الحضور؟", "أي يوم أو وقت تفضل؟"],
    ]),
    (Asked::WhichTime, [
        &["Hvilken av dem vil du ha?", "Si gjerne hvilken av tidene du vil ha."],
        &["Lequel préférez-vous ?", "Dites-moi lequel vous préférez."],
        &["Which one would you like?", "Tell me which of them you would like."],
        &["أيها تفضل؟", "أخبرني أيها تفضل."],
    ]),
    (Asked::Yes, [
        &["Skal jeg bestille den for deg? Svar ja eller nei.", "Vil du ha den tiden? Svar ja eller nei."],
        &["Souhaitez-vous que je le réserve ? Répondez oui ou non.", "Voulez-vous ce rendez-vous ? Répondez oui ou non."],
        &["Shall I book it for you? Please answer yes or no.", "Would you like that time? Please answer yes or no."],
        &["هل تريد أن أحجزه لك؟ أجب بنعم أو لا.", "هل تريد هذا الوقت؟ أجب بنعم أو لا."],
    ]),
    (Asked::NameAndEmail, [
        &["Hva heter du, og hvilken e-postadresse kan jeg bruke?", "Jeg trenger navnet ditt og en e-postadresse."],
        &["Quel est votre nom, et quelle adresse e-mail puis-je utiliser ?", "J'ai besoin de votre nom et d'une adresse e-mail."],
        &["What is your name, and which email address may I use?", "I need your name and an email address."],
        &["ما اسمك، وما عنوان بريدك الإلكتروني؟", "أحتاج إلى اسمك وإلى عنوان بريد إلكتروني."],
    ]),
    (Asked::Name, [
        &["Hva heter du?", "Hvilket navn skal jeg skrive?"],
        &["Quel est votre nom ?", "À quel nom, s'il vous plaît ?"],
        &["What is your name?", "Which name may I write down?"],
        &["ما اسمك؟", "ما الاسم الذي أكتبه؟"],
    ]),
    (Asked::Email, [
        &["Hvilken e-postadresse kan jeg bruke?", "Hva er e-postadressen din?"],
        &["Quelle adresse e-mail puis-je utiliser ?", "Quelle est votre adresse e-mail ?"],
        &["Which email address may I use?", "What is your email address?"],
        &["ما عنوان بريدك الإلكتروني؟", "أي بريد إلكتروني أستخدم؟"],
    ]),
    (Asked::Code, [
        &["Skriv koden på seks sifre her.", "Jeg venter på koden på seks sifre."],
        &["Écrivez ici le code à six chiffres.", "J'attends le code à six chiffres."],
        &["Please write the six-digit code here.", "I am waiting for the six-digit code."],
        &["اكتب هنا الرمز المكون من ستة أرقام.", "أنتظر الرمز المكون من ستة أرقام."],
    ]),
    (Asked::Drive, [
        &["Vil du prøvekjøre?", "Skal vi finne en tid til prøvekjøring?"],
        &["Souhaitez-vous l'essayer ?", "Voulez-vous faire un essai ?"],
        &["Would you like a test drive?", "Shall we find a time for a test drive?"],
        &["هل تود تجربة القيادة؟", "هل نبحث عن وقت لتجربة القيادة؟"],
    ]),
    (Asked::FindTime, [
        &["Skal jeg finne en tid til deg?", "Vil du at jeg ser etter en tid?"],
        &["Voulez-vous que je cherche un horaire ?", "Dois-je chercher un horaire pour vous ?"],
        &["Shall I find you a time?", "Would you like me to look for a time?"],
        &["هل أبحث لك عن وقت؟", "هل تريد أن أبحث عن وقت؟"],
    ]),
    (Asked::WhichVehicle, [
        &["Hvilken av bilene gjelder det?", "Hvilken bil tenker du på?"],
        &["De quelle voiture s'agit-il ?", "À quelle voiture pensez-vous ?"],
        &["Which of the cars is it about?", "Which car do you have in mind?"],
        &["أي سيارة تقصد؟", "ما السيارة التي تقصدها؟"],
    ]),
    (Asked::Person, [
        &["Skal jeg hente en av oss?", "Vil du heller snakke med en av oss?"],
        &["Voulez-vous que j'appelle l'un de nous ?", "Préférez-vous parler à l'un de nous ?"],
        &["Shall I get one of us?", "Would you rather talk to one of us?"],
        &["هل أستدعي أحد أفراد فريقنا؟", "هل تفضل التحدث مع أحد أفراد فريقنا؟"],
    ]),
];

/// What asks for a service begins with one of these; the list follows.
const SERVICE: [[&str; 2]; 4] = [
    ["Hva vil du bestille time til:", "Hvilken tjeneste gjelder det:"],
    ["Pour quel service :", "Quel service souhaitez-vous :"],
    ["What would you like to come for:", "Which service is it:"],
    ["ما الخدمة التي تريدها:", "لأي خدمة:"],
];

#[derive(Clone, Copy)]
pub(super) struct Say<'a> {
    pub(super) lang: Lang,
    pub(super) zone: &'a TimeZone,
    pub(super) today: Date,
    /// The last line of the assistant's.
    pub(super) last: &'a str,
}

impl Say<'_> {
    fn at(self) -> usize {
        match self.lang {
            Lang::Nb => 0,
            Lang::Fr => 1,
            Lang::En => 2,
            Lang::Ar => 3,
        }
    }

    /// The sentence of this language.
    pub(super) fn one(self, texts: [&str; 4]) -> String {
        texts[self.at()].to_owned()
    }

    /// The first wording that was not said last.
    fn fresh(self, wordings: &[&str]) -> String {
        let said = |wording: &&&str| !self.last.contains(**wording);
        wordings.iter().find(said).or(wordings.first()).copied().unwrap_or_default().to_owned()
    }

    pub(super) fn ask(self, asked: Asked) -> String {
        let of = QUESTIONS.iter().find(|(question, _)| *question == asked);
        of.map(|(_, wordings)| self.fresh(wordings[self.at()])).unwrap_or_default()
    }

    /// What the last line of the assistant's asked.
    pub(super) fn asked(self) -> Option<Asked> {
        if SERVICE[self.at()].iter().any(|wording| self.last.contains(wording)) {
            return Some(Asked::Service);
        }
        // The question stands last; of those that end there, the longest holds the others.
        QUESTIONS
            .iter()
            .flat_map(|(asked, wordings)| wordings[self.at()].iter().map(move |w| (*asked, *w)))
            .filter_map(|(asked, wording)| {
                let end = self.last.rfind(wording)? + wording.len();
                Some(((end, wording.len()), asked))
            })
            .max_by_key(|(place, _)| *place)
            .map(|(_, asked)| asked)
    }

    /// Whether a part asks something that a yes would answer, and that is not about what is held.
    pub(super) fn asks_yes_of_else(self, part: &str) -> bool {
        let other = |asked: &Asked| {
            matches!(asked, Asked::Topic | Asked::Drive | Asked::FindTime | Asked::Person)
        };
        QUESTIONS
            .iter()
            .filter(|(asked, _)| other(asked))
            .any(|(_, wordings)| wordings[self.at()].contains(&part))
    }

    pub(super) fn ask_service(self, names: &[&str]) -> String {
        let or = self.one(["eller", "ou", "or", "أو"]);
        let list = match names {
            [first @ .., last] if !first.is_empty() => {
                let comma = if self.lang == Lang::Ar { "، " } else { ", " };
                format!("{} {or} {last}", first.join(comma))
            }
            _ => names.concat(),
        };
        let mark = self.one(["?", " ?", "?", "؟"]);
        format!("{} {list}{mark}", self.fresh(&SERVICE[self.at()]))
    }

    fn date(self, date: Date) -> String {
        calendar::date(self.lang, date, self.today)
    }

    fn time(self, time: Time) -> String {
        calendar::time(self.lang, time)
    }

    /// `Prøvekjøring lørdag 28. november kl. 14:00`
    fn appointment(self, service: &str, date: Date, time: Time) -> String {
        let (date, time) = (self.date(date), self.time(time));
        match self.lang {
            Lang::Nb => format!("{service} {date} kl. {time}"),
            Lang::Fr => format!("{service}, {date} à {time}"),
            Lang::En => format!("{service} on {date} at {time}"),
            Lang::Ar => format!("{service} يوم {date} الساعة {time}"),
        }
    }

    /// `Prøvekjøring lørdag 28. november: ledig kl. 10:00 og 13:00.`
    pub(super) fn free(self, service: &str, date: Date, times: &[Time]) -> String {
        let times: Vec<String> = times.iter().map(|time| self.time(*time)).collect();
        let (date, times) = (self.date(date), self.and(&times));
        match self.lang {
            Lang::Nb => format!("{service} {date}: ledig kl. {times}."),
            Lang::Fr => format!("{service}, {date} : libre à {times}."),
            Lang::En => format!("{service} on {date}: free at {times}."),
            Lang::Ar => format!("{service} يوم {date}: المواعيد المتاحة الساعة {times}."),
        }
    }

    pub(super) fn and(self, items: &[String]) -> String {
        let (and, comma) = match self.lang {
            Lang::Nb => (" og ", ", "),
            Lang::Fr => (" et ", ", "),
            Lang::En => (" and ", ", "),
            Lang::Ar => (" و", "، "),
        };
        match items {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => format!("{}{and}{last}", first.join(comma)),
        }
    }

    /// Kept, not booked, and until when.
    pub(super) fn held(self, service: &str, date: Date, time: Time, until: Timestamp) -> String {
        let appointment = self.appointment(service, date, time);
        let until = self.time(self.zone.to_datetime(until).time());
        match self.lang {
            Lang::Nb => format!("{appointment} er holdt av til deg til kl. {until}."),
            Lang::Fr => format!("{appointment} est réservé pour vous jusqu'à {until}."),
            Lang::En => format!("{appointment} is held for you until {until}."),
            Lang::Ar => format!("{appointment} محجوز لك حتى الساعة {until}."),
        }
    }

    pub(super) fn booked(self, service: &str, date: Date, time: Time) -> String {
        let appointment = self.appointment(service, date, time);
        match self.lang {
            Lang::Nb => format!("{appointment} er booket."),
            Lang::Fr => format!("{appointment} : c'est réservé."),
            Lang::En => format!("{appointment} is booked."),
            Lang::Ar => format!("تم حجز {appointment}."),
        }
    }

    pub(super) fn moved(self, service: &str, date: Date, time: Time) -> String {
        let appointment = self.appointment(service, date, time);
        match self.lang {
            Lang::Nb => format!("Timen er flyttet: {appointment} er booket."),
            Lang::Fr => format!("Le rendez-vous est déplacé : {appointment}, c'est réservé."),
            Lang::En => format!("It has been rescheduled: {appointment} is booked."),
            Lang::Ar => format!("تم تغيير الموعد: تم حجز {appointment}."),
        }
    }

    pub(super) fn cancelled(self, service: &str, date: Date, time: Time) -> String {
        let appointment = self.appointment(service, date, time);
        match self.lang {
            Lang::Nb => format!("{appointment} er avbestilt."),
            Lang::Fr => format!("{appointment} : c'est annulé."),
            Lang::En => format!("{appointment} is cancelled."),
            Lang::Ar => format!("تم إلغاء {appointment}."),
        }
    }

    pub(super) fn mailed(self) -> String {
        self.one([
            "Du får invitasjonen på e-post.",
            "Vous recevez l'invitation par e-mail.",
            "You will find the invitation in your email.",
            "ستجد الدعوة في بريدك الإلكتروني.",
        ])
    }

    pub(super) fn how_to_change(self) -> String {
        self.one([
            "Skriv her hvis du vil flytte eller avbestille.",
            "Écrivez ici si vous voulez changer l'heure ou annuler.",
            "Write here if you want to change the time or cancel.",
            "اكتب هنا إذا أردت تغيير الوقت أو الإلغاء.",
        ])
    }

    pub(super) fn code_sent(self) -> String {
        self.one([
            "Først må jeg vite at timen er din: jeg har sendt en kode til e-postadressen din.",
            "Je dois d'abord savoir que c'est bien vous : j'ai envoyé un code à votre adresse e-mail.",
            "First I must know that it is you: I have sent a code to your email address.",
            "يجب أن أتأكد أولًا أنك صاحب الموعد: أرسلت رمزًا إلى بريدك الإلكتروني.",
        ])
    }

    pub(super) fn wrong_code(self) -> String {
        self.fresh(
            [
                &["Den koden stemmer ikke.", "Koden er fortsatt ikke riktig."],
                &["Ce code n'est pas le bon.", "Le code n'est toujours pas le bon."],
                &["That code is not right.", "The code is still not right."],
                &["هذا الرمز غير صحيح.", "الرمز ما زال غير صحيح."],
            ][self.at()],
        )
    }

    pub(super) fn code_over(self) -> String {
        self.one([
            "Koden gjelder ikke lenger.",
            "Ce code n'est plus valable.",
            "That code is no longer valid.",
            "لم يعد هذا الرمز صالحًا.",
        ])
    }

    pub(super) fn hold_over(self) -> String {
        self.one([
            "Den tiden er dessverre ikke holdt av lenger.",
            "Ce créneau n'est malheureusement plus retenu.",
            "Unfortunately that time is no longer being kept.",
            "للأسف لم يعد هذا الوقت محفوظًا.",
        ])
    }

    pub(super) fn not_then(self) -> String {
        self.fresh(
            [
                &["Akkurat da er det dessverre opptatt.", "Det tidspunktet er dessverre tatt."],
                &[
                    "Cette heure-là est malheureusement prise.",
                    "Ce n'est malheureusement pas possible à cette heure-là.",
                ],
                &["Unfortunately that time is taken.", "That time is taken too, I am afraid."],
                &["للأسف هذا الوقت مشغول.", "للأسف هذا الوقت غير ممكن أيضًا."],
            ][self.at()],
        )
    }

    pub(super) fn nothing_free(self) -> String {
        self.fresh(
            [
                &[
                    "Da finner jeg dessverre ingenting.",
                    "Jeg finner dessverre ingenting som passer da.",
                ],
                &[
                    "Je ne trouve malheureusement rien à ce moment-là.",
                    "Malheureusement, je n'ai rien trouvé.",
                ],
                &["Unfortunately I can find nothing then.", "I am afraid I can find nothing then."],
                &["للأسف لا أجد شيئًا في ذلك الوقت.", "للأسف لم أجد شيئًا حينها."],
            ][self.at()],
        )
    }

    pub(super) fn instead(self) -> String {
        self.one(["I stedet:", "À la place :", "Instead:", "بدلًا من ذلك:"])
    }

    pub(super) fn noted(self) -> String {
        self.fresh(
            [
                &["Takk, det har jeg skrevet ned.", "Flott, takk."],
                &["Merci, c'est écrit.", "Très bien, merci."],
                &["Thank you, I have written that down.", "Great, thank you."],
                &["شكرًا، كتبت ذلك.", "حسنًا، شكرًا لك."],
            ][self.at()],
        )
    }

    pub(super) fn alright(self) -> String {
        self.one(["Helt i orden.", "Très bien.", "All right.", "حسنًا."])
    }

    pub(super) fn bad_email(self) -> String {
        self.fresh(
            [
                &["Den e-postadressen ser ikke riktig ut.", "E-postadressen ble ikke helt riktig."],
                &[
                    "Cette adresse e-mail ne semble pas correcte.",
                    "L'adresse e-mail n'est pas tout à fait correcte.",
                ],
                &[
                    "That email address does not look right.",
                    "The email address is not quite right.",
                ],
                &["عنوان البريد هذا لا يبدو صحيحًا.", "عنوان البريد ليس صحيحًا تمامًا."],
            ][self.at()],
        )
    }

    pub(super) fn bad_phone(self) -> String {
        self.fresh(
            [
                &["Det telefonnummeret ser ikke riktig ut. Kan du skrive det en gang til?", "Nummeret ble ikke helt riktig. Prøv gjerne igjen."],
                &["Ce numéro de téléphone ne semble pas correct. Pouvez-vous l'écrire encore une fois ?", "Le numéro n'est pas tout à fait correct. Réessayez."],
                &["That phone number does not look right. Could you write it once more?", "The number is not quite right. Please try again."],
                &["رقم الهاتف هذا لا يبدو صحيحًا. هل تكتبه مرة أخرى؟", "الرقم ليس صحيحًا تمامًا. حاول مرة أخرى."],
            ][self.at()],
        )
    }

    pub(super) fn no_such_day(self) -> String {
        self.fresh(
            [
                &[
                    "Den datoen finner jeg ikke i kalenderen. Hvilken dag mener du?",
                    "Hvilken dato mener du?",
                ],
                &[
                    "Je ne trouve pas cette date dans le calendrier. Quel jour voulez-vous dire ?",
                    "Quelle date voulez-vous dire ?",
                ],
                &[
                    "I cannot find that date in the calendar. Which day do you mean?",
                    "Which date do you mean?",
                ],
                &["لا أجد هذا التاريخ في التقويم. أي يوم تقصد؟", "أي تاريخ تقصد؟"],
            ][self.at()],
        )
    }

    pub(super) fn which_day(self, days: &[Date]) -> String {
        let days: Vec<String> = days.iter().take(3).map(|day| self.date(*day)).collect();
        let or = self.one([" eller ", " ou ", " or ", " أو "]);
        let days = days.join(&or);
        match self.lang {
            Lang::Nb => format!("Mener du {days}?"),
            Lang::Fr => format!("Voulez-vous dire {days} ?"),
            Lang::En => format!("Do you mean {days}?"),
            Lang::Ar => format!("هل تقصد {days}؟"),
        }
    }

    pub(super) fn morning_or_evening(self) -> String {
        self.one([
            "Mener du om morgenen eller om kvelden?",
            "Voulez-vous dire le matin ou le soir ?",
            "Do you mean in the morning or in the evening?",
            "هل تقصد صباحًا أم مساءً؟",
        ])
    }

    pub(super) fn unclear_time(self) -> String {
        self.fresh(
            [
                &["Hvilket klokkeslett mener du?", "Kan du skrive klokkeslettet med tall?"],
                &["Quelle heure voulez-vous dire ?", "Pouvez-vous écrire l'heure en chiffres ?"],
                &["Which time do you mean?", "Could you write the time in digits?"],
                &["أي ساعة تقصد؟", "هل تكتب الساعة بالأرقام؟"],
            ][self.at()],
        )
    }

    pub(super) fn too_many_days(self) -> String {
        self.one([
            "Hvilken av dagene passer deg best?",
            "Lequel de ces jours vous conviendrait le mieux ?",
            "Which of those days would be best for you?",
            "أي هذه الأيام أفضل لك؟",
        ])
    }

    pub(super) fn misunderstood(self) -> String {
        self.fresh(
            [
                &["Det forsto jeg ikke helt.", "Unnskyld, jeg er ikke sikker på hva du mener."],
                &["Je n'ai pas bien compris.", "Pardon, je ne suis pas sûr de comprendre."],
                &["I did not quite understand that.", "Sorry, I am not sure what you mean."],
                &["لم أفهم ذلك تمامًا.", "عذرًا، لست متأكدًا مما تقصده."],
            ][self.at()],
        )
    }

    /// Whether the last line said that it did not understand.
    pub(super) fn was_misunderstood(self, line: &str) -> bool {
        let Self { lang, zone, today, .. } = self;
        let first = Say { lang, zone, today, last: "" }.misunderstood();
        let second = Say { lang, zone, today, last: &first }.misunderstood();
        line.contains(&first) || line.contains(&second)
    }

    pub(super) fn not_known(self) -> String {
        self.fresh(
            [
                &["Det vet jeg dessverre ikke.", "Det har jeg dessverre ikke noe svar på."],
                &["Je ne le sais malheureusement pas.", "Je n'ai malheureusement pas la réponse."],
                &["Unfortunately I do not know that.", "I am afraid I have no answer to that."],
                &["للأسف لا أعرف ذلك.", "للأسف ليس لدي جواب عن ذلك."],
            ][self.at()],
        )
    }

    pub(super) fn colleague_knows(self) -> String {
        self.fresh(
            [
                &["En kollega kan svare på det.", "Det kan en av oss svare på."],
                &["Un collègue pourra y répondre.", "L'un de nous pourra y répondre."],
                &["A colleague can answer that.", "One of us can answer that."],
                &["يمكن لأحد زملائنا الإجابة عن ذلك.", "يمكن لأحد أفراد فريقنا الإجابة."],
            ][self.at()],
        )
    }

    pub(super) fn no_booking(self) -> String {
        self.one([
            "Jeg finner ingen time i denne samtalen.",
            "Je ne trouve aucun rendez-vous dans cette conversation.",
            "I cannot find an appointment in this conversation.",
            "لا أجد أي موعد في هذه المحادثة.",
        ])
    }

    pub(super) fn not_offered(self) -> String {
        self.one([
            "Det kan ikke bestilles her.",
            "Cela ne se réserve pas ici.",
            "That cannot be arranged here.",
            "هذا لا يمكن طلبه هنا.",
        ])
    }

    pub(super) fn did_not_work(self) -> String {
        self.fresh(
            [
                &["Det gikk dessverre ikke akkurat nå.", "Det lot seg dessverre ikke gjøre."],
                &[
                    "Cela n'a malheureusement pas fonctionné.",
                    "Malheureusement, cela n'a pas été possible.",
                ],
                &[
                    "Unfortunately that did not work just now.",
                    "I am afraid that was not possible.",
                ],
                &["للأسف لم ينجح ذلك الآن.", "للأسف لم يكن ذلك ممكنًا."],
            ][self.at()],
        )
    }

    pub(super) fn goodbye(self) -> String {
        self.fresh(
            [
                &["Ha en fin dag!", "Velkommen tilbake!"],
                &["Bonne journée !", "À bientôt !"],
                &["Have a nice day!", "Until next time!"],
                &["يومك سعيد!", "إلى اللقاء!"],
            ][self.at()],
        )
    }

    pub(super) fn welcome(self) -> String {
        self.fresh(
            [
                &["Bare hyggelig!", "Ingen årsak!"],
                &["Avec plaisir !", "Je vous en prie !"],
                &["You are welcome!", "My pleasure!"],
                &["على الرحب والسعة!", "عفوًا!"],
            ][self.at()],
        )
    }

    /// How far the customer's clock is from that of the business, which times are of.
    pub(super) fn zone_of_business(self, city: &str, minutes_ahead: i32) -> String {
        let (hours, rest) = (minutes_ahead.abs() / 60, minutes_ahead.abs() % 60);
        let sign = if minutes_ahead < 0 { '-' } else { '+' };
        let shift = format!("\u{2066}{sign}{hours}:{rest:02}\u{2069}");
        match self.lang {
            Lang::Nb => format!("Tidene er i lokal tid for {city}; hos deg er det {shift}."),
            Lang::Fr => format!("Les heures sont celles de {city} ; chez vous, c'est {shift}."),
            Lang::En => format!("Times are local to {city}; for you that is {shift}."),
            Lang::Ar => format!("الأوقات بتوقيت {city}؛ وعندك {shift}."),
        }
    }
}
