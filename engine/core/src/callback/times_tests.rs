//! Tables and properties of the times at which somebody can call.

use jiff::{
    ToSpan,
    civil::{Weekday, time},
    tz::TimeZone,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    times::{Caller, Question, Taken},
    *,
};
use crate::{
    hours::{Exception, OpeningHours, Span},
    routing::Reason,
};

fn member(n: u128) -> MemberId {
    MemberId::from_uuid(Uuid::from_u128(n))
}

fn caller(n: u128, open: u64) -> Caller {
    Caller { member: member(n), open }
}

fn span(opens: i8, closes: i8) -> Span {
    Span { opens: time(opens, 0, 0, 0), closes: time(closes, 0, 0, 0) }
}

/// Monday to Friday 9–12 and 13–16; closed on Tuesday, 24 November 2026.
fn hours() -> OpeningHours {
    let closed = "2026-11-24".parse().unwrap();
    OpeningHours {
        week: vec![vec![span(9, 12), span(13, 16)]; 5],
        exceptions: vec![Exception { date: closed, spans: vec![] }],
    }
}

struct Shop {
    hours: OpeningHours,
    zone: TimeZone,
    now: Timestamp,
    team: Vec<Caller>,
    taken: Vec<Taken>,
    settings: CallbackSettings,
}

impl Shop {
    fn at(now: &str) -> Self {
        Self {
            hours: hours(),
            zone: TimeZone::get("Europe/Oslo").unwrap(),
            now: now.parse().unwrap(),
            team: vec![caller(1, 0)],
            taken: vec![],
            settings: CallbackSettings::default(),
        }
    }

    fn question(&self) -> Question<'_> {
        Question {
            settings: self.settings,
            hours: &self.hours,
            zone: &self.zone,
            now: self.now,
            team: &self.team,
            taken: &self.taken,
        }
    }

    fn take(&mut self, n: u128, at: &str) {
        let at = at.parse().unwrap();
        let until = CallTime { at, minutes: 30 }.until();
        self.taken.push(Taken { member: member(n), at, until });
    }

    /// As the shop's clock shows them: the day of the month and the time.
    fn free(&self, a_day: usize, most: usize) -> Vec<String> {
        let show = |time: &CallTime| {
            let wall = self.zone.to_datetime(time.at);
            format!("{} {:02}:{:02}", wall.day(), wall.hour(), wall.minute())
        };
        self.question().free(a_day, most).iter().map(show).collect()
    }
}

#[test]
fn times_are_offered_inside_the_opening_hours_after_the_notice_some_of_each_day() {
    // Monday, 10:20 in Oslo.
    let shop = Shop::at("2026-11-23T09:20:00Z");
    let first = ["23 11:00", "23 11:30", "25 09:00", "25 09:30", "26 09:00"];
    assert_eq!(shop.free(2, 5), first, "a quarter of an hour's notice; Tuesday is closed");
    let evening = Shop::at("2026-11-23T17:00:00Z");
    assert_eq!(evening.free(1, 3), ["25 09:00", "26 09:00", "27 09:00"]);
    let never = Shop { hours: OpeningHours::default(), ..Shop::at("2026-11-23T09:20:00Z") };
    assert_eq!(never.free(4, 12), Vec::<String>::new());
    let nobody = Shop { team: vec![], ..Shop::at("2026-11-23T09:20:00Z") };
    assert_eq!(nobody.free(4, 12), Vec::<String>::new());
}

#[test]
fn a_member_has_one_call_at_a_time_and_a_time_is_free_while_somebody_has_it() {
    let mut shop = Shop::at("2026-11-23T05:00:00Z");
    shop.team = vec![caller(1, 0), caller(2, 0)];
    shop.take(1, "2026-11-23T08:00:00Z");
    assert_eq!(shop.free(1, 1), ["23 09:00"], "the other one is free");
    shop.take(2, "2026-11-23T08:15:00Z");
    assert_eq!(shop.free(2, 2), ["23 09:30", "23 10:00"], "theirs overlaps the first half hour");
    let half_past = "2026-11-23T08:30:00Z".parse().unwrap();
    let (who, why) = shop.question().choose(CallTime { at: half_past, minutes: 30 }, None).unwrap();
    assert_eq!((who, why), (member(1), vec![Reason::OnlyOne]));
}

#[test]
fn the_owner_calls_if_they_can_else_who_has_the_fewest_calls_and_conversations() {
    let mut shop = Shop::at("2026-11-23T05:00:00Z");
    shop.team = vec![caller(3, 9), caller(1, 4), caller(2, 4)];
    let at = "2026-11-23T08:00:00Z".parse().unwrap();
    let choose = |shop: &Shop, owner: Option<u128>| {
        let time = CallTime { at, minutes: 30 };
        let (who, why) = shop.question().choose(time, owner.map(member)).unwrap();
        (who.as_uuid().as_u128(), why)
    };
    assert_eq!(choose(&shop, Some(3)), (3, vec![Reason::Owner]));
    assert_eq!(choose(&shop, None), (1, vec![Reason::Order]));
    shop.team.reverse();
    assert_eq!(choose(&shop, None), (1, vec![Reason::Order]), "in whatever order they are named");
    shop.take(1, "2026-11-23T12:00:00Z");
    assert_eq!(choose(&shop, None), (2, vec![Reason::FewestOpen]));
    shop.take(3, "2026-11-23T08:00:00Z");
    assert_eq!(choose(&shop, Some(3)).0, 2, "the owner calls somebody else then");
}

#[test]
fn a_night_in_which_the_clock_changes_skips_no_open_time_and_offers_none_that_does_not_exist() {
    // Sunday, 29 March 2026: 02:00 is followed by 03:00.
    let mut shop = Shop::at("2026-03-28T20:00:00Z");
    let sunday = usize::from(Weekday::Sunday.to_monday_zero_offset().unsigned_abs());
    shop.hours = OpeningHours { week: vec![vec![]; 7], exceptions: vec![] };
    shop.hours.week[sunday] = vec![span(1, 5)];
    let offered = shop.free(12, 12);
    assert_eq!(offered, ["29 01:00", "29 01:30", "29 03:00", "29 03:30", "29 04:00", "29 04:30"]);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let good = CallbackSettings::default();
    assert_eq!(good.check(), Ok(good));
    for bad in [
        CallbackSettings { minutes: 9, ..good },
        CallbackSettings { minutes: 121, ..good },
        CallbackSettings { days: 0, ..good },
        CallbackSettings { days: 29, ..good },
        CallbackSettings { notice_minutes: 1_441, ..good },
        CallbackSettings { after_ms: 9_999, ..good },
    ] {
        assert_eq!(bad.check(), Err(CallbackOutOfRange), "{bad:?}");
    }
    assert_eq!(CallbackSettings { after_ms: 0, ..good }.after(), None);
    assert_eq!(CallbackSettings { enabled: false, ..good }.after(), None);
    let read: CallbackSettings = serde_json::from_str(r#"{"minutes":20}"#).unwrap();
    assert_eq!(read, CallbackSettings { minutes: 20, ..good });
}

#[test]
fn a_call_is_offered_when_nobody_can_answer_and_not_otherwise() {
    let open = Doors::Open { closes: time(16, 0, 0, 0) };
    let closed = Doors::Closed { opens: None };
    for (doors, somebody, asked, why) in [
        (open, true, None, None),
        (open, false, None, Some(OfferReason::NobodyThere)),
        (closed, true, None, Some(OfferReason::Closed)),
        (closed, false, None, Some(OfferReason::Closed)),
        (open, true, Some(OfferReason::LongWait), Some(OfferReason::LongWait)),
    ] {
        assert_eq!(reason(doors, somebody, asked), why);
    }
}

proptest! {
    /// Whatever is taken: what is offered is open, free for somebody, in order, apart, and each is granted.
    #[test]
    fn every_offered_time_can_be_had(
        minutes in 10_u16..=120,
        after in 0_i64..60 * 24 * 400,
        taken in proptest::collection::vec((1_u128..4, 0_i64..60 * 24 * 7), 0..20),
        people in 1_u128..4,
    ) {
        let mut shop = Shop::at("2026-01-01T00:00:00Z");
        shop.now += after.minutes();
        shop.settings.minutes = minutes;
        shop.team = (1..=people).map(|n| caller(n, 0)).collect();
        for (who, from) in taken {
            let at = shop.now + from.minutes();
            shop.taken.push(Taken { member: member(who), at, until: at + i64::from(minutes).minutes() });
        }
        let question = shop.question();
        let free = question.free(MOST_OFFERED_A_DAY, MOST_OFFERED);
        prop_assert!(free.len() <= MOST_OFFERED);
        prop_assert!(free.windows(2).all(|pair| pair[0].until() <= pair[1].at));
        for time in free {
            let (from, until) = (shop.zone.to_datetime(time.at), shop.zone.to_datetime(time.until()));
            let open = shop.hours.on(from.date());
            prop_assert!(open.iter().any(|span| span.opens <= from.time() && until.time() <= span.closes));
            let (who, _) = question.choose(time, None).unwrap();
            let meets = |one: &Taken| one.member == who && one.at < time.until() && time.at < one.until;
            prop_assert!(!shop.taken.iter().any(meets), "somebody would call two at once");
            prop_assert_eq!(question.at(time.at), Some(time));
        }
    }
}
