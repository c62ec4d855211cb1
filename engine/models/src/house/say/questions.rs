//! Questions of the assistant's, recognised when they come back as its last line.

use forecourt_core::lang::Lang;

use super::Say;

/// What the assistant asked last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::house) enum Asked {
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
const SERVICE: [&[&str]; 4] = [
    &["Hva vil du bestille time til:", "Hvilken tjeneste gjelder det:"],
    &["Pour quel service :", "Quel service souhaitez-vous :"],
    &["What would you like to come for:", "Which service is it:"],
    &["ما الخدمة التي تريدها:", "لأي خدمة:"],
];

impl Say<'_> {
    pub(in crate::house) fn ask(self, asked: Asked) -> String {
        let of = QUESTIONS.iter().find(|(question, _)| *question == asked);
        of.map(|(_, wordings)| self.fresh(*wordings)).unwrap_or_default()
    }

    /// What the last line of the assistant's asked.
    pub(in crate::house) fn asked(self) -> Option<Asked> {
        if SERVICE[self.at()].iter().any(|wording| self.last.contains(*wording)) {
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
    pub(in crate::house) fn asks_yes_of_else(self, part: &str) -> bool {
        let other = |asked: &Asked| {
            matches!(asked, Asked::Topic | Asked::Drive | Asked::FindTime | Asked::Person)
        };
        QUESTIONS
            .iter()
            .filter(|(asked, _)| other(asked))
            .any(|(_, wordings)| wordings[self.at()].contains(&part))
    }

    pub(in crate::house) fn ask_service(self, names: &[&str]) -> String {
        let or = self.one(["eller", "ou", "or", "أو"]);
        let list = match names {
            [first @ .., last] if !first.is_empty() => {
                let comma = if self.lang == Lang::Ar { "، " } else { ", " };
                format!("{} {or} {last}", first.join(comma))
            }
            _ => names.concat(),
        };
        let mark = self.one(["?", " ?", "?", "؟"]);
        format!("{} {list}{mark}", self.fresh(SERVICE))
    }
}
