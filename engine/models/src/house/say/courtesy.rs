//! What is said when nothing was found or understood, and between things: thanks, regrets, goodbyes.

use super::Say;

impl Say<'_> {
    pub(in crate::house) fn noted(self) -> String {
        self.fresh([
            &["Takk, det har jeg skrevet ned.", "Flott, takk."],
            &["Merci, c'est écrit.", "Très bien, merci."],
            &["Thank you, I have written that down.", "Great, thank you."],
            &["شكرًا، كتبت ذلك.", "حسنًا، شكرًا لك."],
        ])
    }

    pub(in crate::house) fn alright(self) -> String {
        self.one(["Helt i orden.", "Très bien.", "All right.", "حسنًا."])
    }

    pub(in crate::house) fn bad_email(self) -> String {
        self.fresh([
            &["Den e-postadressen ser ikke riktig ut.", "E-postadressen ble ikke helt riktig."],
            &[
                "Cette adresse e-mail ne semble pas correcte.",
                "L'adresse e-mail n'est pas tout à fait correcte.",
            ],
            &["That email address does not look right.", "The email address is not quite right."],
            &["عنوان البريد هذا لا يبدو صحيحًا.", "عنوان البريد ليس صحيحًا تمامًا."],
        ])
    }

    pub(in crate::house) fn bad_phone(self) -> String {
        self.fresh([
                &["Det telefonnummeret ser ikke riktig ut. Kan du skrive det en gang til?", "Nummeret ble ikke helt riktig. Prøv gjerne igjen."],
                &["Ce numéro de téléphone ne semble pas correct. Pouvez-vous l'écrire encore une fois ?", "Le numéro n'est pas tout à fait correct. Réessayez."],
                &["That phone number does not look right. Could you write it once more?", "The number is not quite right. Please try again."],
                &["رقم الهاتف هذا لا يبدو صحيحًا. هل تكتبه مرة أخرى؟", "الرقم ليس صحيحًا تمامًا. حاول مرة أخرى."],
            ])
    }

    pub(in crate::house) fn misunderstood(self) -> String {
        self.fresh([
            &["Det forsto jeg ikke helt.", "Unnskyld, jeg er ikke sikker på hva du mener."],
            &["Je n'ai pas bien compris.", "Pardon, je ne suis pas sûr de comprendre."],
            &["I did not quite understand that.", "Sorry, I am not sure what you mean."],
            &["لم أفهم ذلك تمامًا.", "عذرًا، لست متأكدًا مما تقصده."],
        ])
    }

    /// Whether the last line said that it did not understand.
    pub(in crate::house) fn was_misunderstood(self, line: &str) -> bool {
        let Self { lang, zone, today, .. } = self;
        let first = Say { lang, zone, today, last: "" }.misunderstood();
        let second = Say { lang, zone, today, last: &first }.misunderstood();
        line.contains(&first) || line.contains(&second)
    }

    pub(in crate::house) fn not_known(self) -> String {
        self.fresh([
            &["Det vet jeg dessverre ikke.", "Det har jeg dessverre ikke noe svar på."],
            &["Je ne le sais malheureusement pas.", "Je n'ai malheureusement pas la réponse."],
            &["Unfortunately I do not know that.", "I am afraid I have no answer to that."],
            &["للأسف لا أعرف ذلك.", "للأسف ليس لدي جواب عن ذلك."],
        ])
    }

    pub(in crate::house) fn colleague_knows(self) -> String {
        self.fresh([
            &["En kollega kan svare på det.", "Det kan en av oss svare på."],
            &["Un collègue pourra y répondre.", "L'un de nous pourra y répondre."],
            &["A colleague can answer that.", "One of us can answer that."],
            &["يمكن لأحد زملائنا الإجابة عن ذلك.", "يمكن لأحد أفراد فريقنا الإجابة."],
        ])
    }

    pub(in crate::house) fn not_offered(self) -> String {
        self.one([
            "Det kan ikke bestilles her.",
            "Cela ne se réserve pas ici.",
            "That cannot be arranged here.",
            "هذا لا يمكن طلبه هنا.",
        ])
    }

    pub(in crate::house) fn did_not_work(self) -> String {
        self.fresh([
            &["Det gikk dessverre ikke akkurat nå.", "Det lot seg dessverre ikke gjøre."],
            &[
                "Cela n'a malheureusement pas fonctionné.",
                "Malheureusement, cela n'a pas été possible.",
            ],
            &["Unfortunately that did not work just now.", "I am afraid that was not possible."],
            &["للأسف لم ينجح ذلك الآن.", "للأسف لم يكن ذلك ممكنًا."],
        ])
    }

    pub(in crate::house) fn goodbye(self) -> String {
        self.fresh([
            &["Ha en fin dag!", "Velkommen tilbake!"],
            &["Bonne journée !", "À bientôt !"],
            &["Have a nice day!", "Until next time!"],
            &["يومك سعيد!", "إلى اللقاء!"],
        ])
    }

    pub(in crate::house) fn welcome(self) -> String {
        self.fresh([
            &["Bare hyggelig!", "Ingen årsak!"],
            &["Avec plaisir !", "Je vous en prie !"],
            &["You are welcome!", "My pleasure!"],
            &["على الرحب والسعة!", "عفوًا!"],
        ])
    }
}
