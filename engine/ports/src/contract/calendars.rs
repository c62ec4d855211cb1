//! What every way to a calendar keeps, whoever's it is.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use async_trait::async_trait;
use forecourt_core::{booking::Stretch, id::BookingId};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::calendar::{Account, Attendee, Busy, Calendar, CalendarError, Entry};

/// The person whose calendar it is.
#[async_trait]
pub trait Person: Send + Sync {
    /// Enters an appointment of their own; the same id again moves it.
    async fn occupy(&self, id: &str, at: Stretch);

    /// Takes it out.
    async fn vacate(&self, id: &str);

    /// The times of the entries that are there.
    async fn entries(&self) -> Vec<Stretch>;
}

/// Runs the suite on an empty calendar; `day` is a midnight (UTC) some days ahead, whose hours from 8 to 18 are
/// free. `wrong` has the same calendar and credentials that are not good.
pub async fn calendar(
    calendar: &dyn Calendar,
    account: &Account,
    wrong: &Account,
    person: &dyn Person,
    day: Timestamp,
) {
    let hour = |hour: i64, minutes: i64| {
        let from = day + SignedDuration::from_hours(hour);
        Stretch { from, until: from + SignedDuration::from_mins(minutes) }
    };
    let whole = Stretch { from: day, until: day + SignedDuration::from_hours(24) };

    let choices = calendar.check(account).await.unwrap();
    assert!(choices.iter().any(|choice| choice.calendar == account.calendar && choice.writable));
    assert_eq!(calendar.check(wrong).await.unwrap_err(), CalendarError::Auth);
    assert_eq!(calendar.busy(wrong, whole).await.unwrap_err(), CalendarError::Auth);

    a_persons_own_time_is_busy_while_it_is_there(calendar, account, person, whole, hour(9, 30))
        .await;

    // Our entry is there once, however often it is written and whatever was heard of it.
    let ours = entry(1, 0, hour(10, 30), day);
    let known = calendar.put(account, &ours, None).await.unwrap();
    assert_eq!(person.entries().await, [ours.at]);
    assert!(calendar.is_there(account, &known).await.unwrap());
    let again = calendar.put(account, &ours, None).await.unwrap();
    assert_eq!(again.id, known.id, "a repeat whose first answer was lost");
    assert_eq!(person.entries().await, [ours.at]);
    let repeated = calendar.put(account, &ours, Some(&again)).await.unwrap();
    assert_eq!(person.entries().await, [ours.at]);
    let in_the_way = foreign(&calendar.busy(account, whole).await.unwrap());
    assert!(!in_the_way.iter().any(|busy| busy.touches(ours.at)), "we are not in our own way");

    // Moved, also by one who knows it as it was before.
    let moved = entry(1, 1, hour(14, 30), day);
    let after = calendar.put(account, &moved, Some(&repeated)).await.unwrap();
    assert_eq!(person.entries().await, [moved.at]);
    let later = entry(1, 2, hour(15, 30), day);
    let last = calendar.put(account, &later, Some(&known)).await.unwrap();
    assert_eq!(person.entries().await, [later.at]);
    calendar.put(account, &later, Some(&after)).await.unwrap();
    assert_eq!(person.entries().await, [later.at]);

    // Two bookings are two entries.
    let second = entry(2, 0, hour(11, 30), day);
    calendar.put(account, &second, None).await.unwrap();
    let mut both = person.entries().await;
    both.sort_unstable();
    assert_eq!(both, [second.at, later.at]);

    for _ in 0..2 {
        calendar.remove(account, &later, Some(&last)).await.unwrap();
        assert_eq!(person.entries().await, [second.at]);
    }
    assert!(!calendar.is_there(account, &last).await.unwrap());
    // Nobody heard that the second was taken; it is found all the same.
    calendar.remove(account, &second, None).await.unwrap();
    assert!(person.entries().await.is_empty());
}

async fn a_persons_own_time_is_busy_while_it_is_there(
    calendar: &dyn Calendar,
    account: &Account,
    person: &dyn Person,
    window: Stretch,
    at: Stretch,
) {
    let is_busy = async || {
        let found = calendar.busy(account, window).await.unwrap();
        assert!(found.is_sorted(), "in order of time");
        foreign(&found).iter().any(|busy| busy.touches(at))
    };
    assert!(!is_busy().await);
    person.occupy("dentist", at).await;
    assert!(is_busy().await);
    person.vacate("dentist").await;
    assert!(!is_busy().await);
}

fn foreign(all: &[Busy]) -> Vec<Stretch> {
    let foreign = all.iter().filter(|busy| busy.booking.is_none() && !busy.transparent);
    foreign.map(|busy| Stretch { from: busy.from, until: busy.until }).collect()
}

fn entry(n: u128, sequence: u32, at: Stretch, stamp: Timestamp) -> Entry {
    Entry {
        booking: BookingId::from_uuid(Uuid::from_u128(n)),
        sequence,
        at,
        zone: "Europe/Oslo".to_owned(),
        summary: format!("Prøvekjøring {n}; لا, «ja» \\ øl"),
        description: "+47 22 00 00 00\nkari@example.com".to_owned(),
        attendee: Attendee {
            name: "Kari Nordmann".to_owned(),
            email: Some(format!("kari{n}@example.com")),
            phone: None,
            lang: None,
            zone: None,
        },
        stamp,
    }
}
