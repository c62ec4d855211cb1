//! Claims to have seen: no model looks at what a customer sends, and when it answers no person has either (A6).
//!
//! Two ways lead to such a claim: a picture that *shows* something, and somebody who *sees* it, in a sentence
//! that speaks of a picture or a document. The tables of all languages are read together, as everywhere in
//! the gate; asking what a picture shows, and saying that a person will look, is in none of them.

use std::sync::OnceLock;

use super::{Reason, sentence::Sentence};
use crate::reading::phrases::{Found, Phrases};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// A claim by itself.
    Shows,
    /// A claim beside a [`Look::File`].
    Sees,
    File,
    /// Before a claim: then it asks.
    What,
}

#[rustfmt::skip]
const LOOKS: &[(Look, &str)] = &[
    (Look::What, "hva|what|ce que|que|ماذا|ما"),
    // Norwegian
    (Look::Shows, "bildet viser|bilda viser|bildene viser|bildet ditt viser|bildene dine viser|fotoet viser|bildet av bilen viser|dokumentet viser|dokumentet sier|vedlegget viser|pdf-en viser|går fram av bilde*|fremgår av bilde*|fremgår av dokument*|på bildet ser|på bildet er|på bildene er|på bildene ser|på bildet kan|ut fra bilde*|ut ifra bilde*|utfra bilde*|basert på bilde*|etter bildet å dømme"),
    (Look::Sees, "jeg ser|vi ser|ser jeg|ser vi|jeg kan se|vi kan se|kan jeg se|kan vi se|har sett|har jeg sett|har vi sett|har kikket|har studert|har lest|har åpnet|har vurdert|har gått gjennom|ser ut|ser fin*|ser bra|ser flott|ser skadet|jeg så|vi så"),
    (Look::File, "bilde*|foto|fotoet|fotografi*|skjermbilde*|dokument*|vedlegg*|filen|fila|filene|pdf|pdf-en"),
    // English
    (Look::Shows, "picture shows|pictures show|photo shows|photos show|image shows|images show|document shows|document says|document states|attachment shows|pdf shows|pdf says|picture you sent shows|photo you sent shows|picture does not show|photo does not show|picture doesn't show|photo doesn't show|in the picture is|in the photo is|in your picture is|in your photo is|from the picture*|from your picture*|from the photo*|from your photo*|from the image*|judging by the|based on the picture*|based on the photo*|based on your picture*|based on your photo*|based on the document|looking at your|looking at the picture*|looking at the photo*"),
    (Look::Sees, "i see|we see|i can see|we can see|i could see|i saw|we saw|i have seen|i've seen|we have seen|we've seen|i have looked|i've looked|we have looked|we've looked|i looked|i have viewed|i viewed|i have reviewed|i've reviewed|i reviewed|we reviewed|i have read|i've read|i have opened|i opened|i noticed|i notice|i have checked|i've checked|looks like|looks great|looks good|looks nice|looks fine|appears"),
    (Look::File, "picture*|photo*|image|images|screenshot*|document|documents|attachment*|file|files|pdf"),
    // French
    (Look::Shows, "photo montre|photos montrent|image montre|images montrent|document montre|document indique|photo indique|d'après la photo|d'après vos photos|d'après votre photo|d'après l'image|d'après le document|sur la photo on voit|on voit sur|au vu de la photo|au vu de vos photos|au vu de votre photo"),
    (Look::Sees, "je vois|nous voyons|on voit|je peux voir|nous pouvons voir|j'ai vu|nous avons vu|j'ai regardé|nous avons regardé|j'ai examiné|j'ai consulté|j'ai lu|j'ai ouvert|je constate|je remarque|semble|a l'air"),
    (Look::File, "photo*|image|images|cliché*|document|documents|pièce jointe|pièces jointes|fichier*|pdf"),
    // Arabic
    (Look::Shows, "الصورة تظهر|تظهر الصورة أن|تظهر الصور أن|تبين الصورة أن|يظهر في الصورة|تظهر في الصورة|يبدو من الصورة|يبدو من الصور|بناء على الصورة|بناء على صورتك|من خلال الصورة|حسب الصورة|المستند يذكر|المستند يظهر"),
    (Look::Sees, "أرى|نرى|أستطيع أن أرى|رأيت|رأينا|شاهدت|شاهدنا|اطلعت|اطلعنا|قرأت|فحصت|ألاحظ|لاحظت|تبدو|يبدو"),
    (Look::File, "صورة|صور|صورتك|صورك|المستند|مستندك|الملف|ملفك|المرفق|المرفقات"),
];

fn looks() -> &'static Phrases<Look> {
    static TABLE: OnceLock<Phrases<Look>> = OnceLock::new();
    TABLE.get_or_init(|| Phrases::new(LOOKS.iter().copied()))
}

pub(super) fn check(sentence: &Sentence) -> Result<(), Reason> {
    let found = looks().find(&sentence.lexemes);
    let file = found.iter().any(|one| one.meaning == Look::File);
    // "What the picture shows", with its article between the two.
    let asked = |at: usize| {
        let what = |other: &&Found<Look>| other.meaning == Look::What;
        found.iter().filter(what).any(|what| what.end == at || what.end + 1 == at)
    };
    let claims = found.iter().any(|one| match one.meaning {
        Look::Shows => !asked(one.first),
        Look::Sees => file && !sentence.is_negated_before(one.first),
        Look::File | Look::What => false,
    });
    if claims { Err(Reason::Seen) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::ground, *};
    use crate::{gate::Gate, lang::Lang};

    const CLAIMS: &[(Lang, &str)] = &[
        (Lang::Nb, "Jeg ser på bildet at bilen har en bulk."),
        (Lang::Nb, "Bildet viser en fin bil."),
        (Lang::Nb, "Vi har sett på bildene dine."),
        (Lang::Nb, "Ut fra bildet er den i god stand."),
        (Lang::Nb, "På bildet ser bilen fin ut."),
        (Lang::Nb, "Bildet viser ikke noe rust."),
        (Lang::Nb, "Takk, jeg har lest dokumentet."),
        (Lang::En, "I can see in the photo that it has a dent."),
        (Lang::En, "The picture shows a Golf."),
        (Lang::En, "Based on your photos it is in good shape."),
        (Lang::En, "I've looked at the pictures."),
        (Lang::En, "Your car looks great in the photo!"),
        (Lang::En, "The document says it was serviced."),
        (Lang::Fr, "Je vois sur la photo une rayure."),
        (Lang::Fr, "La photo montre une voiture rouge."),
        (Lang::Fr, "D'après vos photos, elle est en bon état."),
        (Lang::Fr, "J'ai lu le document."),
        (Lang::Ar, "أرى في الصورة خدشًا."),
        (Lang::Ar, "تظهر الصورة أن السيارة سليمة."),
        (Lang::Ar, "لقد اطلعت على صورتك."),
        // In another language than the answer's it is a claim too.
        (Lang::Nb, "The picture shows a Golf."),
    ];

    const HONEST: &[(Lang, &str)] = &[
        (Lang::Nb, "Takk for bildet."),
        (Lang::Nb, "Bildet har kommet fram, og en av oss ser på det."),
        (Lang::Nb, "Jeg kan ikke se bilder."),
        (Lang::Nb, "Hva viser bildet?"),
        (Lang::Nb, "Kan du si hva bildet viser?"),
        (Lang::Nb, "Jeg ser at du lurer på noe."),
        (Lang::En, "Thank you for the picture."),
        (Lang::En, "One of us will look at the photo."),
        (Lang::En, "I cannot see pictures."),
        (Lang::En, "What does the picture show?"),
        (Lang::En, "I see what you mean."),
        (Lang::En, "Could you tell me what the picture shows?"),
        (Lang::Fr, "Merci pour la photo."),
        (Lang::Fr, "L'un de nous regardera la photo."),
        (Lang::Fr, "Je ne peux pas voir les photos."),
        (Lang::Fr, "Que montre la photo ?"),
        (Lang::Ar, "شكرًا على الصورة."),
        (Lang::Ar, "وصلت الصورة."),
        (Lang::Ar, "لا أستطيع رؤية الصور."),
        (Lang::Ar, "ماذا تظهر الصورة؟"),
    ];

    #[test]
    fn nobody_says_to_have_seen_what_a_customer_sent() {
        for (lang, text) in CLAIMS {
            let released = Gate::check(&ground(), *lang, text);
            let reasons: Vec<Reason> = released.withheld.iter().map(|one| one.reason).collect();
            assert_eq!(reasons, [Reason::Seen], "{text}");
        }
    }

    #[test]
    fn thanking_for_a_picture_and_asking_what_it_shows_is_no_claim() {
        for (lang, text) in HONEST {
            let released = Gate::check(&ground(), *lang, text);
            assert!(released.withheld.is_empty(), "{text}: {:?}", released.withheld);
        }
    }
}
