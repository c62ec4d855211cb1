//! Days and clock times: every one of them must be an opening, a closing, or a free time.

use jiff::civil::{Date, Weekday};

use super::{
    Reason,
    deals::{Appointment, Claims, Place},
    facts::{Facts, Free},
    sentence::{Sentence, Subject},
    words::Cue,
};
use crate::reading::{Clock, Day, Kind, Token};

/// What was spoken of last, for sentences that go on about it.
#[derive(Clone, Debug, Default)]
pub(super) struct Thread {
    pub days: Option<Days>,
    pub context: Option<Context>,
    pub subject: Option<Subject>,
}

/// Days that are spoken of together; each of them as the dates that may be meant.
#[derive(Clone, Debug, Default)]
pub(super) struct Days {
    first: usize,
    last: usize,
    each: Vec<Vec<Date>>,
    /// Of any week: `Mondays`, `Monday to Friday`.
    weekly: bool,
}

impl Days {
    /// Whether one of them is this date; none of any week is.
    fn is_of(&self, date: Date) -> bool {
        !self.weekly && self.each.iter().any(|dates| dates.contains(&date))
    }
}

/// What a clock time is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    Opens,
    Closes,
    Hours,
    Closed,
    Slot,
}

/// A clock time, or a stretch between two.
struct Time {
    at: usize,
    from: Clock,
    until: Option<Clock>,
}

/// Checks the times of a sentence, and notes what it spoke of.
pub(super) fn check(
    sentence: &Sentence,
    facts: &Facts,
    thread: &mut Thread,
    claims: &Claims<'_>,
) -> Result<(), Reason> {
    let groups = day_groups(sentence, facts)?;
    impossible_date(sentence)?;
    let times = times(sentence);
    let is_about_time = !groups.is_empty()
        || sentence.has(|cue| context(cue).is_some())
        || !claims.is_empty()
        || thread.context.is_some();
    // "9-17" is two times only where times are spoken of.
    let times: Vec<Time> = times
        .into_iter()
        .filter(|time| is_about_time || !matches!(time.from, Clock::At { loose: true, .. }))
        .collect();
    for time in &times {
        check_time(sentence, facts, thread, claims, &groups, times[0].at, time)?;
    }
    claimed_days(sentence, claims, &groups)?;
    check_days(sentence, facts, thread, claims, &groups, &times)?;
    if let Some(last) = groups.last() {
        thread.days = Some(last.clone());
    }
    let said = sentence.cues.iter().rev().find_map(|cue| context(cue.meaning));
    let by_service = sentence
        .subjects
        .iter()
        .any(|placed| matches!(placed.subject, Subject::Service(_)))
        .then_some(Context::Slot);
    thread.context = said.or(by_service).or(thread.context);
    Ok(())
}

/// `31 November` is read as no day, and is none.
fn impossible_date(sentence: &Sentence) -> Result<(), Reason> {
    let is_number = |at: Option<usize>| {
        let token = at.and_then(|at| sentence.tokens.iter().find(|token| token.first == at));
        token.is_some_and(|token| match token.kind {
            Kind::Number(number) => number.hundredths < 10_000 && number.digits <= 2,
            Kind::Clock(_) => true,
            _ => false,
        })
    };
    let months = sentence.cues.iter().filter(|cue| cue.meaning == Cue::Month);
    let is_word = |at: usize| {
        sentence.tokens.iter().any(|token| token.first == at && token.kind == Kind::Word)
    };
    let stop = |at: usize| sentence.lexemes.get(at).is_some_and(|l| l.is_mark('.'));
    for month in months.filter(|month| is_word(month.first)) {
        let before = month.first.checked_sub(1);
        let before = before.and_then(|at| if stop(at) { at.checked_sub(1) } else { Some(at) });
        if is_number(before) || is_number(Some(month.end)) {
            return Err(Reason::Date);
        }
    }
    Ok(())
}

/// The days of a sentence, put together by `and`, `to` and dashes.
fn day_groups(sentence: &Sentence, facts: &Facts) -> Result<Vec<Days>, Reason> {
    let mut groups: Vec<Days> = Vec::new();
    let mut last: Option<(&Token, Day)> = None;
    let usually = sentence.has(|cue| cue == Cue::Usually);
    for token in &sentence.tokens {
        let Kind::Day(day) = token.kind else { continue };
        let dates = day.dates(facts.today);
        if dates.is_empty() {
            return Err(Reason::Date);
        }
        let every = usually || matches!(day, Day::Weekday { every: true, .. });
        let joint = last.map(|(before, _)| Joint::between(sentence, before.end, token.first));
        match (joint, groups.last_mut(), last) {
            (Some(Joint::None | Joint::Comma), Some(group), Some((_, before)))
                if is_one_day(before, day) =>
            {
                // "Tuesday 24 November", "today, Monday": both must be the same day.
                let known = group.each.last_mut();
                let common: Vec<Date> = known
                    .as_ref()
                    .map(|known| {
                        known.iter().copied().filter(|date| dates.contains(date)).collect()
                    })
                    .unwrap_or_default();
                let far =
                    matches!(day, Day::Date { .. }).then(|| far_date(before, &dates)).flatten();
                let common = if common.is_empty() { far.into_iter().collect() } else { common };
                if common.is_empty() {
                    return Err(Reason::Date);
                }
                if let Some(known) = known {
                    *known = common;
                }
                group.last = token.end;
            }
            (Some(Joint::To), Some(group), Some((_, before))) => {
                let between = days_between(before, day, facts).ok_or(Reason::Date)?;
                group.weekly |= matches!(day, Day::Weekday { .. });
                group.each.pop();
                group.each.extend(between);
                group.last = token.end;
            }
            (Some(Joint::And | Joint::Comma), Some(group), Some(_)) => {
                group.each.push(dates);
                group.weekly |= every;
                group.last = token.end;
            }
            _ => groups.push(Days {
                first: token.first,
                last: token.end,
                each: if matches!(day, Day::Weekend) {
                    dates.into_iter().map(|date| vec![date]).collect()
                } else {
                    vec![dates]
                },
                weekly: every,
            }),
        }
        last = Some((token, day));
    }
    Ok(groups)
}

/// What stands between two days.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    None,
    Comma,
    And,
    To,
    Apart,
}

impl Joint {
    fn between(sentence: &Sentence, from: usize, until: usize) -> Self {
        let mut joint = Self::None;
        for lexeme in &sentence.lexemes[from..until] {
            let word = lexeme.word().unwrap_or_default();
            let next = match word {
                "til" | "to" | "through" | "au" | "a" | "الي" | "حتي" | "thru" => Self::To,
                "og" | "and" | "et" | "ou" | "or" | "eller" | "و" | "او" => Self::And,
                "den" | "the" | "le" | "on" | "pa" | "يوم" | "dag" | "samt" => joint,
                _ if lexeme.is_mark('-') => Self::To,
                _ if lexeme.is_mark(',') || lexeme.is_mark('(') || lexeme.is_mark('.') => {
                    Self::Comma
                }
                _ => return Self::Apart,
            };
            joint = next;
        }
        joint
    }
}

/// Whether two days next to each other name one day in two ways.
fn is_one_day(before: Day, day: Day) -> bool {
    let rank = |day: Day| match day {
        Day::Today | Day::Tomorrow | Day::AfterTomorrow => 0,
        Day::Weekday { .. } => 1,
        Day::Date { .. } => 2,
        Day::Weekend => 3,
    };
    rank(before) < rank(day) && rank(day) < 3
}

/// A date beyond the coming week, when it has the weekday that stands before it.
fn far_date(before: Day, dates: &[Date]) -> Option<Date> {
    let Day::Weekday { weekday, .. } = before else { return None };
    dates.iter().copied().find(|date| date.weekday() == weekday)
}

/// The days from `first` to `last`, both included.
fn days_between(first: Day, last: Day, facts: &Facts) -> Option<Vec<Vec<Date>>> {
    if let (Day::Weekday { weekday: from, .. }, Day::Weekday { weekday: until, .. }) = (first, last)
    {
        let days = (0..7).map(|offset: i8| from.wrapping_add(offset));
        let count = usize::from(from.until(until).unsigned_abs()) + 1;
        let dates = |weekday| Day::Weekday { weekday, every: true, next: false }.dates(facts.today);
        return Some(days.take(count).map(dates).collect());
    }
    let from = *first.dates(facts.today).first()?;
    let until = *last.dates(facts.today).iter().find(|date| **date >= from)?;
    let count = usize::try_from((until - from).get_days()).ok().filter(|days| *days < 32)?;
    let dates = from.series(jiff::ToSpan::day(1)).take(count + 1);
    Some(dates.map(|date| vec![date]).collect())
}

/// The clock times of a sentence; two with a dash or `to` between them are one stretch.
fn times(sentence: &Sentence) -> Vec<Time> {
    let mut times: Vec<Time> = Vec::new();
    let mut end = None;
    for token in &sentence.tokens {
        let Kind::Clock(clock) = token.kind else { continue };
        let joins = end.is_some_and(|end| is_stretch(sentence, end, token.first))
            && times.last().is_some_and(|time| time.until.is_none());
        match times.last_mut() {
            Some(last) if joins => last.until = Some(clock),
            _ => times.push(Time { at: token.first, from: clock, until: None }),
        }
        end = Some(token.end);
    }
    times
}

fn is_stretch(sentence: &Sentence, from: usize, until: usize) -> bool {
    let between = &sentence.lexemes[from..until];
    let words: Vec<&str> = between.iter().filter_map(|lexeme| lexeme.word()).collect();
    let has_dash = between.iter().any(|lexeme| lexeme.is_mark('-'));
    let is_and = |word: &str| matches!(word, "og" | "and" | "et" | "و");
    match words.as_slice() {
        [] => has_dash,
        ["til" | "to" | "until" | "till" | "a" | "jusqu" | "الي" | "حتي", rest @ ..] => {
            rest.iter().all(|word| matches!(*word, "kl" | "a" | "klokka" | "الساعه"))
        }
        [word] if is_and(word) => {
            // "between nine and five"
            let start = from.saturating_sub(6);
            sentence.lexemes[start..from]
                .iter()
                .any(|lexeme| matches!(lexeme.word(), Some("mellom" | "between" | "entre" | "بين")))
        }
        _ => false,
    }
}

/// What a cue says of the clock times near it.
fn context(cue: Cue) -> Option<Context> {
    match cue {
        Cue::Open => Some(Context::Hours),
        Cue::Opens => Some(Context::Opens),
        Cue::Closes => Some(Context::Closes),
        Cue::Closed => Some(Context::Closed),
        Cue::Slot | Cue::Offer | Cue::Available => Some(Context::Slot),
        _ => None,
    }
}

fn check_time(
    sentence: &Sentence,
    facts: &Facts,
    thread: &Thread,
    claims: &Claims<'_>,
    groups: &[Days],
    first_time: usize,
    time: &Time,
) -> Result<(), Reason> {
    let context = context_of(sentence, time.at).or(thread.context);
    // Where a sentence begins with a time, its day follows: "10:00 on Tuesday".
    let times_lead = groups.first().is_some_and(|group| first_time < group.first);
    let before = groups.iter().rev().find(|group| group.first < time.at);
    let after = groups.iter().find(|group| group.first > time.at);
    let days = if times_lead { after.or(before) } else { before.or(after) };
    let days = days.or(thread.days.as_ref());
    let negated = sentence.is_negated(time.at);
    let services = services_of(sentence, thread);

    let of_hours = sentence.has_in_clause(time.at, |cue| {
        matches!(cue, Cue::Open | Cue::Opens | Cue::Closes | Cue::Closed)
    });
    if let Some(meant) = claims.at(sentence, time.at).filter(|_| !of_hours) {
        let place = Place::of(sentence, time.at);
        // "Until 14:35" is of today, unless a day stands right before it.
        let own = before.filter(|group| place != Place::AfterUntil || group.last + 3 >= time.at);
        let days = if place == Place::AfterUntil { own } else { days };
        let on = |date: Date| days.is_none_or(|days| days.is_of(date));
        let holds = meant.iter().any(|one| one.has_time(time.from, time.until, place, on));
        return if holds && !negated { Ok(()) } else { Err(Reason::Booking) };
    }
    let is_slot = || {
        holds_slot(facts, days, &services, time)
            || holds_own(sentence, facts, days, &services, time)
    };
    let is_hours = |context| holds_hours(facts, days, context, time);
    let (holds, reason) = match (context, negated) {
        (Some(Context::Slot), false) => (is_slot(), Reason::Slot),
        (Some(Context::Slot), true) => {
            let readable = time.from.minutes().next().is_some();
            (readable && days.is_some() && !is_slot(), Reason::Slot)
        }
        (Some(context), false) => (is_hours(context), Reason::Hours),
        (Some(_), true) => (days.is_some() && !is_inside(facts, days, time), Reason::Hours),
        (None, false) => (is_slot() || is_hours(Context::Hours), Reason::Slot),
        (None, true) => (false, Reason::Slot),
    };
    if holds { Ok(()) } else { Err(reason) }
}

/// The context of the nearest cue before `at`, else of the first one after it.
fn context_of(sentence: &Sentence, at: usize) -> Option<Context> {
    // A service that is named speaks of its times.
    let named = sentence.subjects.iter().filter_map(|placed| match placed.subject {
        Subject::Service(_) => Some((placed.at, Context::Slot)),
        Subject::Vehicles(_) => None,
    });
    let said = sentence.cues.iter().filter_map(|cue| Some((cue.first, context(cue.meaning)?)));
    let mut all: Vec<(usize, Context)> = named.chain(said).collect();
    all.sort_by_key(|(place, _)| *place);
    let before = all.iter().rev().find(|(place, _)| *place < at);
    before.or(all.first()).map(|(_, context)| *context)
}

/// The services a time may be of: those named, else those spoken of before, else any.
fn services_of(sentence: &Sentence, thread: &Thread) -> Vec<usize> {
    let service = |subject: &Subject| match subject {
        Subject::Service(index) => Some(*index),
        Subject::Vehicles(_) => None,
    };
    let named: Vec<usize> =
        sentence.subjects.iter().filter_map(|placed| service(&placed.subject)).collect();
    if named.is_empty() { thread.subject.iter().filter_map(service).collect() } else { named }
}

fn holds_slot(facts: &Facts, days: Option<&Days>, services: &[usize], time: &Time) -> bool {
    let fits = |free: &Free| {
        (services.is_empty() || services.contains(&free.service))
            && time.from.minutes().any(|minute| minute == free.start)
            && time.until.is_none_or(|until| until.minutes().any(|minute| minute == free.end))
    };
    match days {
        // A free time is of a date; "Mondays at ten" is none.
        Some(days) if days.weekly => false,
        Some(days) => days
            .each
            .iter()
            .all(|dates| dates.iter().any(|date| facts.free_on(*date).iter().any(fits))),
        None => facts.free_soon().iter().any(fits),
    }
}

/// Whether it is the time of an appointment of this customer's; it is theirs, and so no longer free.
fn holds_own(
    sentence: &Sentence,
    facts: &Facts,
    days: Option<&Days>,
    services: &[usize],
    time: &Time,
) -> bool {
    let on = |date: Date| days.is_none_or(|days| days.is_of(date));
    !sentence.has(|cue| cue == Cue::Available)
        && facts.appointments().iter().any(|one| {
            one.stands()
                && (services.is_empty() || services.iter().any(|index| one.is_of(*index)))
                && (one.has_time(time.from, time.until, Place::Plain, on)
                    || one.is_held()
                        && one.has_time(time.from, time.until, Place::of(sentence, time.at), on))
        })
}

/// The days of what is said of appointments are theirs.
fn claimed_days(sentence: &Sentence, claims: &Claims<'_>, groups: &[Days]) -> Result<(), Reason> {
    for days in groups {
        let clause = sentence.clause(days.first);
        if sentence.cues.iter().any(|cue| {
            matches!(cue.meaning, Cue::Open | Cue::Opens | Cue::Closes | Cue::Closed)
                && sentence.clause(cue.first) == clause
        }) {
            continue;
        }
        let place = Place::of(sentence, days.first);
        let is_theirs = claims.at(sentence, days.first).is_none_or(|meant| {
            meant.iter().any(|one| one.has_day(place, |date| days.is_of(date)))
        });
        if !is_theirs {
            return Err(Reason::Booking);
        }
    }
    Ok(())
}

fn holds_hours(facts: &Facts, days: Option<&Days>, context: Context, time: &Time) -> bool {
    let holds = |spans: &[(u16, u16)]| {
        let opens = |clock: Clock| {
            clock.minutes().any(|minute| spans.iter().any(|(opens, _)| *opens == minute))
        };
        let closes = |clock: Clock| {
            clock.minutes().any(|minute| spans.iter().any(|(_, closes)| *closes == minute))
        };
        match (context, time.until) {
            (Context::Opens, None) => opens(time.from),
            (Context::Closes, None) => closes(time.from),
            (_, None) => opens(time.from) || closes(time.from),
            // The break at noon: from a closing to an opening.
            (Context::Closed, Some(until)) => closes(time.from) && opens(until),
            (_, Some(until)) => spans.iter().any(|(opens, closes)| {
                time.from.minutes().any(|minute| minute == *opens)
                    && until.minutes().any(|minute| minute == *closes)
            }),
        }
    };
    let Some(days) = days else {
        let week = (0..7).map(|offset| Weekday::Monday.wrapping_add(offset));
        return week.map(|weekday| facts.open_on_weekday(weekday)).any(|spans| holds(&spans))
            || holds(&facts.open_on(facts.today));
    };
    days.each.iter().all(|dates| {
        if days.weekly {
            let weekday = dates.first().map(|date| date.weekday());
            weekday.is_some_and(|weekday| holds(&facts.open_on_weekday(weekday)))
        } else {
            dates.iter().any(|date| holds(&facts.open_on(*date)))
        }
    })
}

/// Whether it is open at that time on any of the days.
fn is_inside(facts: &Facts, days: Option<&Days>, time: &Time) -> bool {
    days.is_some_and(|days| {
        days.each.iter().flatten().any(|date| {
            facts.open_on(*date).iter().any(|(opens, closes)| {
                time.from.minutes().any(|minute| *opens <= minute && minute < *closes)
            })
        })
    })
}

/// Days without a clock time: open, closed, with or without free times.
fn check_days(
    sentence: &Sentence,
    facts: &Facts,
    thread: &Thread,
    claims: &Claims<'_>,
    groups: &[Days],
    times: &[Time],
) -> Result<(), Reason> {
    for cue in &sentence.cues {
        let clause = sentence.clause(cue.first);
        if times.iter().any(|time| sentence.clause(time.at) == clause) {
            continue;
        }
        let negated = sentence.is_negated(cue.first);
        let open = match cue.meaning {
            Cue::Open | Cue::Opens => !negated,
            Cue::Closed => negated,
            // Of what is booked the day was compared already, and need not be free.
            Cue::Slot | Cue::Offer if !claims.is_empty() => continue,
            Cue::Slot | Cue::Offer => {
                check_free_days(sentence, facts, thread, groups, clause, negated)?;
                continue;
            }
            _ => continue,
        };
        for days in groups.iter().filter(|days| sentence.clause(days.first) == clause) {
            let holds = days.each.iter().all(|dates| {
                let is_open = |date: &Date| {
                    if days.weekly {
                        !facts.open_on_weekday(date.weekday()).is_empty()
                    } else {
                        !facts.open_on(*date).is_empty()
                    }
                };
                dates.iter().any(|date| is_open(date) == open)
            });
            if !holds {
                return Err(Reason::Hours);
            }
        }
        if sentence.has_in_clause(cue.first, |cue| cue == Cue::Now) && facts.is_open_now() != open {
            return Err(Reason::Hours);
        }
    }
    Ok(())
}

/// `free times on Saturday`, `no free times on Saturday`.
fn check_free_days(
    sentence: &Sentence,
    facts: &Facts,
    thread: &Thread,
    groups: &[Days],
    clause: u16,
    negated: bool,
) -> Result<(), Reason> {
    let services = services_of(sentence, thread);
    let of_these = |free: &Free| services.is_empty() || services.contains(&free.service);
    let in_clause: Vec<&Days> =
        groups.iter().filter(|days| sentence.clause(days.first) == clause).collect();
    let is_own = |date: Date| {
        let named = |one: &Appointment| {
            services.is_empty() || services.iter().any(|index| one.is_of(*index))
        };
        !sentence.has(|cue| cue == Cue::Available)
            && facts
                .appointments()
                .iter()
                .any(|one| one.stands() && named(one) && one.start.0 == date)
    };
    for days in &in_clause {
        for dates in &days.each {
            let is_free = |date: &Date| facts.free_on(*date).iter().any(of_these);
            let holds = if negated {
                // "Nothing on Saturday" must hold for one of the services at least.
                dates
                    .iter()
                    .any(|date| !is_free(date) || services.is_empty() && !all_free(facts, *date))
            } else {
                dates.iter().any(|date| is_free(date) || is_own(*date))
            };
            if !holds || days.weekly {
                return Err(Reason::Slot);
            }
        }
    }
    let claims_some = sentence.cues.iter().any(|cue| {
        sentence.clause(cue.first) == clause && matches!(cue.meaning, Cue::Available | Cue::Have)
    });
    if in_clause.is_empty() && groups.is_empty() && claims_some {
        let any = facts.free_soon().iter().any(of_these);
        if any == negated {
            return Err(Reason::Slot);
        }
    }
    Ok(())
}

/// Whether every service has a free time on that date.
fn all_free(facts: &Facts, date: Date) -> bool {
    let free = facts.free_on(date);
    (0..facts.grounding.knowledge.services.len())
        .all(|service| free.iter().any(|free| free.service == service))
}
