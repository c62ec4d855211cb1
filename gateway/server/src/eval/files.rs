//! The case files of the binary; a test compares them with the folder.

/// A file by the name of its stem.
macro_rules! carried {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$((
            $name,
            include_str!(concat!("../../../../prompts/reply/cases/", $folder, $name, ".toml")),
        )),*]
    };
}

/// The businesses.
pub(super) const WORLDS: &[(&str, &str)] =
    carried!("worlds/": "dealer", "garage", "portal", "rental", "secretary");

/// The cases.
#[rustfmt::skip]
pub(super) const CASES: &[(&str, &str)] = carried!("":
    "booking-ar",
    "booking-en",
    "booking-fr",
    "booking-nb",
    "changes-ar",
    "changes-en",
    "changes-fr",
    "changes-nb",
    "contact-ar",
    "contact-en",
    "contact-fr",
    "contact-nb",
    "corrections-ar",
    "corrections-en",
    "corrections-fr",
    "corrections-nb",
    "days-ar",
    "days-en",
    "days-fr",
    "days-nb",
    "hostile-ar",
    "hostile-en",
    "hostile-fr",
    "hostile-nb",
    "lies-ar",
    "lies-en",
    "lies-fr",
    "lies-nb",
    "people-ar",
    "people-en",
    "people-fr",
    "people-nb",
    "questions-ar",
    "questions-en",
    "questions-fr",
    "questions-nb",
    "recorded-en",
    "recorded-nb",
    "several-ar",
    "several-en",
    "several-fr",
    "several-nb",
    "speech-ar",
    "speech-en",
    "speech-fr",
    "speech-nb",
    "stock-ar",
    "stock-en",
    "stock-fr",
    "stock-nb",
    "tools-en",
);
