//! A lead comes in: what a submission must hold, whose it is, and whether it came before (decisions 1 and 2).
//!
//! Lives here: validation of a form's fields, and [`route`], which says where a submission goes. The
//! five-minute window itself is judged in [`crate::session`], where the content of the last
//! submissions is known; two identical submissions at the same instant meet there.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    contact::{Email, Phone},
    id::{ContactId, LeadId, SessionId},
    text,
};

/// The same content within this time is the same submission (decision 1).
pub const REPEAT_WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// The same person within this time writes to the same open lead (decision 1).
pub const APPEND_WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Longest name, vehicle interest and page address, and longest message, in characters.
pub const MAX_NAME: usize = 200;
pub const MAX_VEHICLE: usize = 200;
pub const MAX_URL: usize = 2_000;
pub const MAX_MESSAGE: usize = 5_000;

/// A form as it came, field by field; empty means missing.
#[derive(Clone, Default)]
pub struct RawSubmission {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub vehicle_interest: Option<String>,
    pub message: Option<String>,
    pub source_url: Option<String>,
}

/// A form that can be answered (S2-US-2.1-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    pub name: String,
    pub email: Email,
    pub phone: Option<Phone>,
    pub vehicle_interest: Option<String>,
    pub message: String,
    pub source_url: Option<String>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name in the form, such as `email`.
    pub field: &'static str,
    /// A stable word for programs: `required`, `too_long`, `control_characters`, `email`, `phone`, `url`.
    pub code: &'static str,
    /// What a person should do, without the value itself.
    pub detail: String,
}

impl RawSubmission {
    /// Checks every field and tells all that is wrong at once.
    ///
    /// `country` is the tenant's: a national phone number is read as of it.
    pub fn parse(&self, country: &str) -> Result<Submission, Vec<FieldError>> {
        let mut errors = Vec::new();
        let name = required("name", self.name.as_deref(), &mut errors, |raw| {
            text::line(raw, MAX_NAME).map_err(text_error)
        });
        let email = required("email", self.email.as_deref(), &mut errors, |raw| {
            Email::parse(raw).map_err(|error| ("email", error.to_string()))
        });
        let message = required("message", self.message.as_deref(), &mut errors, |raw| {
            text::paragraphs(raw, MAX_MESSAGE).map_err(text_error)
        });
        let phone = optional("phone", self.phone.as_deref(), &mut errors, |raw| {
            Phone::parse(raw, country).map_err(|error| ("phone", error.to_string()))
        });
        let vehicle_interest =
            optional("vehicle_interest", self.vehicle_interest.as_deref(), &mut errors, |raw| {
                text::line(raw, MAX_VEHICLE).map_err(text_error)
            });
        let source_url = optional("source_url", self.source_url.as_deref(), &mut errors, page_url);
        match (name, email, message) {
            (Some(name), Some(email), Some(message)) if errors.is_empty() => {
                Ok(Submission { name, email, phone, vehicle_interest, message, source_url })
            }
            _ => Err(errors),
        }
    }
}

impl Submission {
    /// What two submissions of the same content share: SHA-256 over the fields, in hex.
    ///
    /// The page it was sent from is left out: a reload may add a parameter.
    pub fn fingerprint(&self) -> String {
        let fields = [
            self.name.to_lowercase(),
            self.email.key(),
            self.phone.as_ref().map(|p| p.as_str().to_owned()).unwrap_or_default(),
            self.vehicle_interest.as_deref().unwrap_or_default().to_lowercase(),
            self.message.clone(),
        ];
        let mut hash = Sha256::new();
        for field in fields {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field.as_bytes());
        }
        text::hex(&hash.finalize())
    }
}

/// What the tenant knows of the person who submits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The contact with this mail address.
    pub by_email: Option<KnownContact>,
    /// A contact with this phone number; the newest if there are several.
    pub by_phone: Option<ContactId>,
}

/// A contact and their newest lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownContact {
    pub contact: ContactId,
    pub lead: Option<KnownLead>,
}

/// The newest lead of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownLead {
    pub lead: LeadId,
    pub session: SessionId,
    /// Neither won nor lost, and its session is not closed.
    pub open: bool,
    /// When the person last wrote.
    pub last_inbound_at: Timestamp,
    /// Fingerprint of the last submission.
    pub last_fingerprint: Option<String>,
}

/// Where a submission goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// To the session of a lead that exists: the session says whether it is a repeat or an addition.
    Existing { lead: LeadId, session: SessionId },
    /// To a new lead, linked to the contact if known.
    New {
        contact: Option<ContactId>,
        /// Another contact with the same phone number: shown, never merged by itself (decision 2).
        same_phone_as: Option<ContactId>,
    },
}

/// Says where a submission goes. The mail address decides who the person is; a shared phone number
/// alone does not, because the answer goes to the address, and a stranger who types somebody's number
/// must not be let into their conversation.
pub fn route(known: &Known, now: Timestamp) -> Route {
    let contact = known.by_email.as_ref();
    if let Some(lead) = contact.and_then(|contact| contact.lead.as_ref()) {
        let age = now.duration_since(lead.last_inbound_at);
        // Within the short window even a closed session is asked: it alone remembers every submission,
        // and the one that comes again need not be the last (R6). It says that it is closed otherwise.
        if age <= REPEAT_WINDOW || (lead.open && age <= APPEND_WINDOW) {
            return Route::Existing { lead: lead.lead, session: lead.session };
        }
    }
    let contact = contact.map(|contact| contact.contact);
    Route::New { contact, same_phone_as: known.by_phone.filter(|other| Some(*other) != contact) }
}

type Parsed<T> = Result<T, (&'static str, String)>;

fn required<T>(
    field: &'static str,
    raw: Option<&str>,
    errors: &mut Vec<FieldError>,
    parse: impl FnOnce(&str) -> Parsed<T>,
) -> Option<T> {
    if raw.is_none_or(|raw| raw.trim().is_empty()) {
        errors.push(FieldError { field, code: "required", detail: "must not be empty".into() });
        return None;
    }
    optional(field, raw, errors, parse)
}

fn optional<T>(
    field: &'static str,
    raw: Option<&str>,
    errors: &mut Vec<FieldError>,
    parse: impl FnOnce(&str) -> Parsed<T>,
) -> Option<T> {
    let raw = raw.filter(|raw| !raw.trim().is_empty())?;
    parse(raw).map_err(|(code, detail)| errors.push(FieldError { field, code, detail })).ok()
}

fn text_error(error: text::TextError) -> (&'static str, String) {
    let code = match error {
        text::TextError::Empty => "required",
        text::TextError::TooLong { .. } => "too_long",
        text::TextError::Control => "control_characters",
    };
    (code, error.to_string())
}

/// The page of the form: `http` or `https`, nothing that a dashboard could be made to run.
fn page_url(raw: &str) -> Parsed<String> {
    let url = text::line(raw, MAX_URL).map_err(text_error)?;
    let lower = url.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !url.contains([' ', '"', '<', '>', '\\']) => Ok(url),
        _ => Err(("url", "must be an address that begins with https:// or http://".into())),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn raw() -> RawSubmission {
        RawSubmission {
            name: Some("Kari Nordmann".into()),
            email: Some("kari@example.no".into()),
            message: Some("Er bilen ledig?".into()),
            ..RawSubmission::default()
        }
    }

    fn known(open: bool, minutes_ago: i64, fingerprint: Option<String>) -> Known {
        let lead = KnownLead {
            lead: LeadId::from_uuid(Uuid::from_u128(1)),
            session: SessionId::from_uuid(Uuid::from_u128(2)),
            open,
            last_inbound_at: now() - SignedDuration::from_mins(minutes_ago),
            last_fingerprint: fingerprint,
        };
        let contact = ContactId::from_uuid(Uuid::from_u128(3));
        Known { by_email: Some(KnownContact { contact, lead: Some(lead) }), by_phone: None }
    }

    fn now() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn all_wrong_fields_are_told_at_once_and_empty_optional_ones_are_missing() {
        let form = RawSubmission {
            name: Some("  ".into()),
            email: Some("kari@".into()),
            phone: Some("12".into()),
            source_url: Some("javascript:alert(1)".into()),
            ..RawSubmission::default()
        };
        let told: Vec<_> =
            form.parse("NO").unwrap_err().into_iter().map(|e| (e.field, e.code)).collect();
        assert_eq!(
            told,
            [
                ("name", "required"),
                ("email", "email"),
                ("message", "required"),
                ("phone", "phone"),
                ("source_url", "url")
            ]
        );
        let form = RawSubmission { phone: Some(String::new()), ..raw() };
        assert_eq!(form.parse("NO").unwrap().phone, None);
    }

    #[test]
    fn a_fingerprint_follows_the_content_and_not_the_page() {
        let first = raw().parse("NO").unwrap();
        let page =
            RawSubmission { source_url: Some("https://bil.example.no/?x=1".into()), ..raw() };
        let other = RawSubmission { message: Some("Er bilen solgt?".into()), ..raw() };
        assert_eq!(first.fingerprint(), page.parse("NO").unwrap().fingerprint());
        assert_ne!(first.fingerprint(), other.parse("NO").unwrap().fingerprint());
    }

    #[test]
    fn a_submission_goes_where_the_two_windows_say() {
        let submission = raw().parse("NO").unwrap();
        let same = Some(submission.fingerprint());
        let minutes_of_7_days = 7 * 24 * 60;
        for (open, minutes_ago, fingerprint, existing) in [
            (true, 1, same.clone(), true),
            (true, 1, None, true),
            (true, minutes_of_7_days, None, true),
            (true, minutes_of_7_days + 1, same.clone(), false),
            // The same click, or an earlier one, even if the lead was closed in between: the session knows.
            (false, 5, same.clone(), true),
            (false, 1, None, true),
            (false, 6, same, false),
        ] {
            let route = route(&known(open, minutes_ago, fingerprint), now());
            assert_eq!(matches!(route, Route::Existing { .. }), existing, "{open} {minutes_ago}");
        }
    }

    #[test]
    fn a_shared_phone_number_links_but_does_not_merge() {
        let other = ContactId::from_uuid(Uuid::from_u128(9));
        let known = Known { by_email: None, by_phone: Some(other) };
        assert_eq!(route(&known, now()), Route::New { contact: None, same_phone_as: Some(other) });
    }
}
