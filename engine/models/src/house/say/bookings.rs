//! What is said of free times and of bookings: held, booked, moved, cancelled, and whose they are.

use forecourt_core::lang::Lang;
use jiff::{
    Timestamp,
    civil::{Date, Time},
};

use super::Say;

impl Say<'_> {
    /// `Prøvekjøring lørdag 28. november: ledig kl. 10:00 og 13:00.`
    pub(in crate::house) fn free(self, service: &str, date: Date, times: &[Time]) -> String {
        let times: Vec<String> = times.iter().map(|time| self.time(*time)).collect();
        let (date, times) = (self.date(date), self.and(&times));
        match self.lang {
            Lang::Nb => format!("{service} {date}: ledig kl. {times}."),
            Lang::Fr => format!("{service}, {date} : libre à {times}."),
            Lang::En => format!("{service} on {date}: free at {times}."),
            Lang::Ar => format!("{service} يوم {date}: المواعيد المتاحة الساعة {times}."),
        }
    }

    /// Kept, not booked, and until when.
    pub(in crate::house) fn held(
        self,
        service: &str,
        date: Date,
        time: Time,
        until: Timestamp,
    ) -> String {
        let appointment = self.appointment(service, date, time);
        let until = self.time(self.zone.to_datetime(until).time());
        match self.lang {
            Lang::Nb => format!("{appointment} er holdt av til deg til kl. {until}."),
            Lang::Fr => format!("{appointment} est réservé pour vous jusqu'à {until}."),
            Lang::En => format!("{appointment} is held for you until {until}."),
            Lang::Ar => format!("{appointment} محجوز لك حتى الساعة {until}."),
        }
    }

    pub(in crate::house) fn booked(self, service: &str, date: Date, time: Time) -> String {
        let appointment = self.appointment(service, date, time);
        match self.lang {
            Lang::Nb => format!("{appointment} er booket."),
            Lang::Fr => format!("{appointment} : c'est réservé."),
            Lang::En => format!("{appointment} is booked."),
            Lang::Ar => format!("تم حجز {appointment}."),
        }
    }

    pub(in crate::house) fn moved(self, service: &str, date: Date, time: Time) -> String {
        let appointment = self.appointment(service, date, time);
        match self.lang {
            Lang::Nb => format!("Timen er flyttet: {appointment} er booket."),
            Lang::Fr => format!("Le rendez-vous est déplacé : {appointment}, c'est réservé."),
            Lang::En => format!("It has been rescheduled: {appointment} is booked."),
            Lang::Ar => format!("تم تغيير الموعد: تم حجز {appointment}."),
        }
    }

    pub(in crate::house) fn cancelled(self, service: &str, date: Date, time: Time) -> String {
        let appointment = self.appointment(service, date, time);
        match self.lang {
            Lang::Nb => format!("{appointment} er avbestilt."),
            Lang::Fr => format!("{appointment} : c'est annulé."),
            Lang::En => format!("{appointment} is cancelled."),
            Lang::Ar => format!("تم إلغاء {appointment}."),
        }
    }

    pub(in crate::house) fn mailed(self) -> String {
        self.one([
            "Du får invitasjonen på e-post.",
            "Vous recevez l'invitation par e-mail.",
            "You will find the invitation in your email.",
            "ستجد الدعوة في بريدك الإلكتروني.",
        ])
    }

    pub(in crate::house) fn how_to_change(self) -> String {
        self.one([
            "Skriv her hvis du vil flytte eller avbestille.",
            "Écrivez ici si vous voulez changer l'heure ou annuler.",
            "Write here if you want to change the time or cancel.",
            "اكتب هنا إذا أردت تغيير الوقت أو الإلغاء.",
        ])
    }

    pub(in crate::house) fn code_sent(self) -> String {
        self.one([
            "Først må jeg vite at timen er din: jeg har sendt en kode til e-postadressen din.",
            "Je dois d'abord savoir que c'est bien vous : j'ai envoyé un code à votre adresse e-mail.",
            "First I must know that it is you: I have sent a code to your email address.",
            "يجب أن أتأكد أولًا أنك صاحب الموعد: أرسلت رمزًا إلى بريدك الإلكتروني.",
        ])
    }

    pub(in crate::house) fn wrong_code(self) -> String {
        self.fresh([
            &["Den koden stemmer ikke.", "Koden er fortsatt ikke riktig."],
            &["Ce code n'est pas le bon.", "Le code n'est toujours pas le bon."],
            &["That code is not right.", "The code is still not right."],
            &["هذا الرمز غير صحيح.", "الرمز ما زال غير صحيح."],
        ])
    }

    pub(in crate::house) fn code_over(self) -> String {
        self.one([
            "Koden gjelder ikke lenger.",
            "Ce code n'est plus valable.",
            "That code is no longer valid.",
            "لم يعد هذا الرمز صالحًا.",
        ])
    }

    pub(in crate::house) fn hold_over(self) -> String {
        self.one([
            "Den tiden er dessverre ikke holdt av lenger.",
            "Ce créneau n'est malheureusement plus retenu.",
            "Unfortunately that time is no longer being kept.",
            "للأسف لم يعد هذا الوقت محفوظًا.",
        ])
    }

    pub(in crate::house) fn not_then(self) -> String {
        self.fresh([
            &["Akkurat da er det dessverre opptatt.", "Det tidspunktet er dessverre tatt."],
            &[
                "Cette heure-là est malheureusement prise.",
                "Ce n'est malheureusement pas possible à cette heure-là.",
            ],
            &["Unfortunately that time is taken.", "That time is taken too, I am afraid."],
            &["للأسف هذا الوقت مشغول.", "للأسف هذا الوقت غير ممكن أيضًا."],
        ])
    }

    pub(in crate::house) fn nothing_free(self) -> String {
        self.fresh([
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
        ])
    }

    pub(in crate::house) fn instead(self) -> String {
        self.one(["I stedet:", "À la place :", "Instead:", "بدلًا من ذلك:"])
    }

    pub(in crate::house) fn no_booking(self) -> String {
        self.one([
            "Jeg finner ingen time i denne samtalen.",
            "Je ne trouve aucun rendez-vous dans cette conversation.",
            "I cannot find an appointment in this conversation.",
            "لا أجد أي موعد في هذه المحادثة.",
        ])
    }

    /// How far the customer's clock is from that of the business, which times are of.
    pub(in crate::house) fn zone_of_business(self, city: &str, minutes_ahead: i32) -> String {
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
