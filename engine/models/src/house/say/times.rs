//! What is asked back about days and times that are not clear.

use forecourt_core::lang::Lang;
use jiff::civil::Date;

use super::Say;

impl Say<'_> {
    pub(in crate::house) fn no_such_day(self) -> String {
        self.fresh([
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
        ])
    }

    pub(in crate::house) fn which_day(self, days: &[Date]) -> String {
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

    pub(in crate::house) fn morning_or_evening(self) -> String {
        self.one([
            "Mener du om morgenen eller om kvelden?",
            "Voulez-vous dire le matin ou le soir ?",
            "Do you mean in the morning or in the evening?",
            "هل تقصد صباحًا أم مساءً؟",
        ])
    }

    pub(in crate::house) fn unclear_time(self) -> String {
        self.fresh([
            &["Hvilket klokkeslett mener du?", "Kan du skrive klokkeslettet med tall?"],
            &["Quelle heure voulez-vous dire ?", "Pouvez-vous écrire l'heure en chiffres ?"],
            &["Which time do you mean?", "Could you write the time in digits?"],
            &["أي ساعة تقصد؟", "هل تكتب الساعة بالأرقام؟"],
        ])
    }

    pub(in crate::house) fn too_many_days(self) -> String {
        self.one([
            "Hvilken av dagene passer deg best?",
            "Lequel de ces jours vous conviendrait le mieux ?",
            "Which of those days would be best for you?",
            "أي هذه الأيام أفضل لك؟",
        ])
    }
}
