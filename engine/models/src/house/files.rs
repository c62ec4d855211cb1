//! What the house says of files that came with a message: that they came, or did not, and who looks at them.

use forecourt_core::lang::Lang;
use forecourt_ports::model::Ask;

/// The answer, with a word on what was sent with what it answers. Nobody has looked at it (A6).
pub(super) fn with(ask: &Ask, text: String) -> String {
    match told(ask) {
        Some(told) if text.is_empty() => told.to_owned(),
        Some(told) => format!("{told}\n\n{text}"),
        None => text,
    }
}

fn told(ask: &Ask) -> Option<&'static str> {
    let files = ask.files;
    if !files.is_new() {
        return None;
    }
    let (missing, lang) = (files.arriving.saturating_add(files.failed) > 0, ask.lang);
    Some(match (files.arrived(), missing) {
        (0, _) => match lang {
            Lang::Nb => "Det du ville sende, har ikke kommet fram ennå. Hva viser det?",
            Lang::En => "What you wanted to send has not arrived yet. What does it show?",
            Lang::Fr => "Ce que vous vouliez envoyer n'est pas encore arrivé. De quoi s'agit-il ?",
            Lang::Ar => "لم يصل بعد ما أردت إرساله. ماذا يظهر فيه؟",
        },
        (_, true) => match lang {
            Lang::Nb => {
                "Takk, noe av det du sendte har kommet fram. Resten mangler ennå. En av oss ser på det."
            }
            Lang::En => {
                "Thank you, some of what you sent has arrived. The rest is still missing. One of us will look at it."
            }
            Lang::Fr => {
                "Merci, une partie de votre envoi est arrivée. Le reste manque encore. L'un de nous le regardera."
            }
            Lang::Ar => "شكرًا، وصل بعض ما أرسلته. ما زال الباقي ناقصًا. سينظر فيه أحدنا.",
        },
        (_, false) => match lang {
            Lang::Nb => "Takk, det du sendte har kommet fram. En av oss ser på det.",
            Lang::En => "Thank you, what you sent has arrived. One of us will look at it.",
            Lang::Fr => "Merci, votre envoi est bien arrivé. L'un de nous le regardera.",
            Lang::Ar => "شكرًا، وصل ما أرسلته. سينظر فيه أحدنا.",
        },
    })
}

#[cfg(test)]
mod tests {
    use forecourt_core::{attachment::SentFiles, gate::Gate};
    use forecourt_ports::model::Medium;

    use super::{super::tests::ask, *};

    #[test]
    fn what_came_is_told_in_every_language_and_never_as_seen() {
        let none = SentFiles::default();
        for files in [
            SentFiles { pictures: 1, ..none },
            SentFiles { documents: 2, arriving: 1, ..none },
            SentFiles { arriving: 1, ..none },
            SentFiles { failed: 1, ..none },
        ] {
            for lang in Lang::ALL {
                let mut ask = ask(lang, "…", Medium::Chat);
                ask.files = files;
                let said = with(&ask, String::new());
                assert!(!said.is_empty(), "{lang}");
                let released = Gate::check(&ask.grounding, lang, &said);
                assert!(released.withheld.is_empty(), "{said}: {:?}", released.withheld);
            }
        }
        let mut ask = ask(Lang::Nb, "…", Medium::Chat);
        ask.files = SentFiles { earlier: 3, ..none };
        assert_eq!(with(&ask, "Hei.".into()), "Hei.", "of earlier ones it was told");
    }
}
