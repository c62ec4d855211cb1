//! Puts days and times together: what is wanted, what is ruled out, what must be asked back.

use jiff::{
    ToSpan as _,
    civil::{Date, Weekday},
};

use super::{
    Choice, Doubt, END_OF_DAY, MAX_CHOICES, MAX_DAYS, Utterance, Window,
    pieces::Piece,
    times::{readings, time},
    words::Word,
};

const DAY_MINUTES: i64 = 24 * 60;

/// Reads the pieces of a text.
pub(super) fn when(pieces: &[Piece], today: Date) -> Utterance {
    let mut reading = Reading {
        today,
        said: Utterance::default(),
        open: Choice::default(),
        open_week: None,
        times_first: false,
    };
    let mut refused = false;
    for (after_comma, clause) in clauses(pieces) {
        let has = |word: Word| clause.contains(&Piece::Word(word));
        // "ikke mandag, tirsdag eller onsdag": a list goes on.
        refused = has(Word::Cannot) || (refused && after_comma && only_days(clause));
        reading.clause(clause, refused);
        let not = clause.iter().position(|piece| *piece == Piece::Word(Word::Not));
        refused |= not.is_some_and(|not| not + 1 < clause.len() && only_days(&clause[not + 1..]));
    }
    reading.done()
}

/// The parts of a text that stand for themselves, and whether a comma parts them from the one before.
fn clauses(pieces: &[Piece]) -> impl Iterator<Item = (bool, &[Piece])> {
    let parts =
        |piece: &Piece| matches!(piece, Piece::End(_) | Piece::Comma | Piece::Word(Word::But));
    pieces
        .split_inclusive(parts)
        .scan(false, move |comma, clause| {
            let after_comma = *comma;
            *comma = clause.last() == Some(&Piece::Comma);
            let ends = clause.last().is_some_and(parts);
            Some((after_comma, &clause[..clause.len() - usize::from(ends)]))
        })
        .filter(|(_, clause)| !clause.is_empty())
}

fn only_days(clause: &[Piece]) -> bool {
    clause.iter().all(|piece| matches!(piece, Piece::Day(..) | Piece::Word(Word::Or | Word::And)))
}

struct Reading {
    today: Date,
    said: Utterance,
    /// The choice that days and times are still added to.
    open: Choice,
    /// It is a whole week, which a weekday narrows.
    open_week: Option<u8>,
    /// Its times stood before its days: `etter to mandag eller tirsdag`.
    times_first: bool,
}

impl Reading {
    fn clause(&mut self, clause: &[Piece], refused: bool) {
        let week = clause.iter().find_map(|piece| match piece {
            Piece::Word(Word::Week(n)) => Some(*n),
            _ => None,
        });
        let part = clause.iter().find_map(|piece| match piece {
            Piece::Word(Word::Part(from, until)) => Some(window(*from, *until)),
            _ => None,
        });
        let mut not = false;
        let (mut days_here, mut not_used) = (Vec::new(), false);
        let mut clocks = 0;
        let mut at = 0;
        while at < clause.len() {
            let mut step = 1;
            match &clause[at] {
                Piece::Day(dates, weekday) => {
                    let mut dates = match (weekday, week) {
                        (Some(weekday), Some(week)) => vec![in_week(self.today, week, *weekday)],
                        _ => dates.clone(),
                    };
                    if let Some((weeks, end)) = weeks_later(clause, at + 1) {
                        dates = dates
                            .first()
                            .and_then(|day| day.checked_add((7 * weeks).days()).ok())
                            .into_iter()
                            .collect();
                        step = end - at;
                    }
                    dates.retain(|date| *date >= self.today);
                    // "tirsdag 24. november" is one day, or a mistake.
                    if weekday.is_none()
                        && let Some(Piece::Day(_, Some(named))) =
                            at.checked_sub(1).map(|at| &clause[at])
                    {
                        self.open.days.retain(|day| !days_here.contains(day));
                        days_here.clear();
                        if dates.iter().any(|date| date.weekday() != *named) {
                            self.doubt(Doubt::NoSuchDay);
                        }
                    }
                    if let (Some(weekday), Some(week)) = (weekday, self.open_week) {
                        // "neste uke, helst torsdag"
                        self.open.days.clear();
                        dates = vec![in_week(self.today, week, *weekday)];
                    }
                    self.open_week = None;
                    if dates.is_empty() {
                        self.doubt(Doubt::NoSuchDay);
                    } else if refused || not {
                        self.said.not_days.extend(dates);
                        not_used = true;
                    } else {
                        days_here.extend(&dates);
                        self.day(dates);
                    }
                }
                Piece::Word(Word::In | Word::After | Word::Before)
                    if let Some(Piece::Length(minutes)) = clause.get(at + 1) =>
                {
                    self.later(*minutes, clause[at] == Piece::Word(Word::Before));
                    step = 2;
                }
                Piece::Word(Word::TheDay)
                    if let Some(Piece::Number(day, _)) = clause.get(at + 1) =>
                {
                    step = 2;
                    if clause.get(at + 2) == Some(&Piece::Month) {
                        self.doubt(Doubt::NoSuchDay);
                        step = 3;
                    } else {
                        self.day_of_month(*day, refused || not);
                    }
                }
                Piece::Number(..) | Piece::Spelled(_)
                    if clause.get(at + 1) == Some(&Piece::Month) =>
                {
                    self.doubt(Doubt::NoSuchDay);
                    step = 2;
                }
                Piece::Month => {
                    self.doubt(Doubt::NoSuchDay);
                    step += usize::from(matches!(clause.get(at + 1), Some(Piece::Number(..))));
                }
                Piece::Number(day, true) if (1..=31).contains(day) => {
                    self.day_of_month(*day, refused || not);
                }
                Piece::Clock(_) | Piece::Number(..) | Piece::Spelled(_) if !refused => {
                    if let Some((windows, end)) = time(clause, at, part, clocks > 0) {
                        clocks += 1;
                        step = end - at;
                        if not {
                            not_used = true;
                        } else {
                            for window in windows {
                                self.times(window);
                            }
                        }
                    }
                }
                Piece::Unclear => self.doubt(Doubt::UnclearTime),
                Piece::Word(word) => match word {
                    Word::Not => not = true,
                    Word::Part(from, until) if !refused => {
                        let part = window(*from, *until);
                        let told = match at.checked_sub(1).map(|before| &clause[before]) {
                            Some(Piece::Word(Word::Before)) => Window { from: 0, until: part.from },
                            Some(Piece::Word(Word::After)) => {
                                Window { from: part.until, until: END_OF_DAY }
                            }
                            _ => part,
                        };
                        let has_clock = (0..clause.len())
                            .any(|at| readings(clause, at, false, Some(part)).is_some());
                        if not {
                            not_used = true;
                        } else if !has_clock {
                            self.times(told);
                        }
                    }
                    Word::Week(n)
                        if !clause.iter().any(|piece| matches!(piece, Piece::Day(_, Some(_)))) =>
                    {
                        self.week(*n, 0, 6, refused || not);
                        self.open_week = Some(*n);
                    }
                    Word::StartOf(n) => self.week(*n, 0, 2, refused || not),
                    Word::EndOf(n) => self.week(*n, 3, 4, refused || not),
                    Word::Loose => self.doubt(Doubt::UnclearTime),
                    Word::Soonest => self.said.soonest = true,
                    Word::Any => self.said.any = true,
                    _ => {}
                },
                _ => {}
            }
            at += step;
        }
        // "mandag ikke": what stood before is refused.
        if not && !not_used && !days_here.is_empty() {
            self.open.days.retain(|day| !days_here.contains(day));
            self.said.not_days.extend(days_here);
        }
    }

    fn day(&mut self, dates: Vec<Date>) {
        if !self.open.days.is_empty() && !self.open.times.is_empty() && !self.times_first {
            self.close();
        }
        self.times_first |= self.open.days.is_empty() && !self.open.times.is_empty();
        for date in dates {
            if !self.open.days.contains(&date) {
                self.open.days.push(date);
            }
        }
    }

    fn times(&mut self, window: Window) {
        if self.times_first && !self.open.days.is_empty() {
            self.close();
        }
        if self.open.times.len() < MAX_CHOICES && !self.open.times.contains(&window) {
            self.open.times.push(window);
        }
    }

    fn close(&mut self) {
        self.times_first = false;
        let choice = std::mem::take(&mut self.open);
        if choice != Choice::default() && self.said.choices.len() < MAX_CHOICES {
            self.said.choices.push(choice);
        }
    }

    /// `om to dager`; within them when `within`.
    fn later(&mut self, minutes: i64, within: bool) {
        let days = minutes / DAY_MINUTES;
        if days == 0 {
            return self.doubt(Doubt::UnclearTime);
        }
        let first = if within { 0 } else { days };
        let last = days.min(first + i64::try_from(MAX_DAYS).unwrap_or(0) - 1);
        let days = (first..=last).filter_map(|days| self.today.checked_add(days.days()).ok());
        let days = days.collect();
        self.day(days);
    }

    /// The next day with this number.
    fn day_of_month(&mut self, day: u16, refused: bool) {
        let number = i8::try_from(day).unwrap_or(0);
        let months = (0..=2)
            .filter_map(|months| self.today.first_of_month().checked_add(months.months()).ok());
        let next = months
            .filter_map(|month| Date::new(month.year(), month.month(), number).ok())
            .find(|date| *date >= self.today);
        match next {
            Some(date) if refused => self.said.not_days.push(date),
            Some(date) => self.day(vec![date]),
            None => self.doubt(Doubt::NoSuchDay),
        }
    }

    /// Days of a week, as offsets from its Monday.
    fn week(&mut self, week: u8, first: i8, last: i8, refused: bool) {
        let days =
            (first..=last).filter_map(|offset| Weekday::from_monday_zero_offset(offset).ok());
        let mut days: Vec<Date> = days.map(|weekday| in_week(self.today, week, weekday)).collect();
        days.retain(|date| *date >= self.today);
        if refused { self.said.not_days.extend(days) } else { self.day(days) }
    }

    fn doubt(&mut self, doubt: Doubt) {
        if !self.said.doubts.contains(&doubt) {
            self.said.doubts.push(doubt);
        }
    }

    fn done(mut self) -> Utterance {
        self.close();
        let not_days = &self.said.not_days;
        for choice in &mut self.said.choices {
            choice.days.sort_unstable();
            choice.days.retain(|day| !not_days.contains(day));
        }
        self.said.choices.retain(|choice| *choice != Choice::default());
        if self.said.choices.iter().any(|choice| choice.days.len() > MAX_DAYS) {
            self.said.choices.iter_mut().for_each(|choice| choice.days.truncate(MAX_DAYS));
            self.doubt(Doubt::TooManyDays);
        }
        self.said.not_days.sort_unstable();
        self.said.not_days.dedup();
        self.said.not_days.truncate(MAX_DAYS);
        self.said
    }
}

/// `om en uke` after a weekday: how many weeks later, and where it ends.
fn weeks_later(clause: &[Piece], at: usize) -> Option<(i64, usize)> {
    let (length, end) = match (clause.get(at)?, clause.get(at + 1)) {
        (Piece::Word(Word::In | Word::After), Some(Piece::Length(length))) => (*length, at + 2),
        _ => return None,
    };
    (length % (7 * DAY_MINUTES) == 0).then_some((length / (7 * DAY_MINUTES), end))
}

fn in_week(today: Date, week: u8, weekday: Weekday) -> Date {
    let monday = i64::from(today.weekday().to_monday_zero_offset());
    let day = i64::from(weekday.to_monday_zero_offset()) + 7 * i64::from(week) - monday;
    today.checked_add(day.days()).unwrap_or(today)
}

const fn window(from: u16, until: u16) -> Window {
    Window { from: from * 60, until: until * 60 }
}
