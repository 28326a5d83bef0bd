//! Calendars: working time, SLA arithmetic, leave, and a slow second implementation to compare with.
#![expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]

use crate::roster_support::at;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use lead_router_core::roster::calendar::Calendar;
use lead_router_core::roster::model::{Day, Rep};
use lead_router_core::time::{MINUTE_MS, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

const WORK_DAYS: [&str; 5] = ["mon", "tue", "wed", "thu", "fri"];

fn calendar(rep: Value) -> Calendar {
    Calendar::compile(&parsed(rep)).unwrap()
}

fn parsed(mut rep: Value) -> Rep {
    rep["id"] = json!("ada");
    serde_json::from_value(rep).unwrap()
}

fn nine_to_six() -> Calendar {
    calendar(json!({"time_zone": "Europe/Berlin", "hours": [{"days": WORK_DAYS, "from": "09:00", "to": "18:00"}]}))
}

/// `None` when the working time is not reached within a year.
fn due(calendar: &Calendar, from: &str, minutes: u32) -> Option<String> {
    calendar.add_working_minutes(at(from), minutes).map(|due| due.to_string())
}

#[track_caller]
fn check_due(calendar: &Calendar, from: &str, minutes: u32, expected: &str) {
    assert_eq!(due(calendar, from, minutes).as_deref(), Some(expected), "{minutes} minutes from {from}");
}

#[test]
fn an_hour_from_saturday_afternoon_is_up_on_monday_at_ten() {
    check_due(&nine_to_six(), "2026-06-06T15:00:00+02:00", 60, "2026-06-08T08:00:00Z");
}

#[test]
fn an_hour_from_any_time_outside_working_hours_starts_with_the_next_shift() {
    for from in [
        "2026-06-05T18:00:00+02:00",
        "2026-06-05T20:00:00+02:00",
        "2026-06-06T20:00:00+02:00",
        "2026-06-08T08:59:59+02:00",
    ] {
        check_due(&nine_to_six(), from, 60, "2026-06-08T08:00:00Z");
    }
}

#[test]
fn what_is_left_of_a_day_counts_and_the_rest_runs_on_the_next() {
    check_due(&nine_to_six(), "2026-06-05T17:30:00+02:00", 60, "2026-06-08T07:30:00Z");
}

#[test]
fn an_end_at_closing_time_is_closing_time() {
    check_due(&nine_to_six(), "2026-06-05T17:00:00+02:00", 60, "2026-06-05T16:00:00Z");
}

#[test]
fn no_time_at_all_is_now_or_the_start_of_the_next_shift() {
    check_due(&nine_to_six(), "2026-06-05T17:00:00+02:00", 0, "2026-06-05T15:00:00Z");
    check_due(&nine_to_six(), "2026-06-06T17:00:00+02:00", 0, "2026-06-08T07:00:00Z");
}

#[test]
fn seconds_of_the_start_are_kept() {
    check_due(&nine_to_six(), "2026-06-05T17:59:30.250+02:00", 1, "2026-06-08T07:00:30.25Z");
}

#[test]
fn lunch_does_not_count() {
    let calendar = calendar(json!({"time_zone": "Europe/Berlin", "hours": [
        {"days": WORK_DAYS, "from": "09:00", "to": "12:00"}, {"days": WORK_DAYS, "from": "13:00", "to": "18:00"}]}));
    check_due(&calendar, "2026-06-09T11:30:00+02:00", 60, "2026-06-09T11:30:00Z");
    assert!(!calendar.is_working(at("2026-06-09T12:30:00+02:00")));
}

#[test]
fn a_day_off_is_skipped_with_its_night_shift() {
    let night = calendar(json!({"time_zone": "Europe/Berlin", "holidays": ["2026-12-25"],
        "hours": [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "22:00", "to": "06:00"}]}));
    // From the 24th at 23:00: one hour until the day off starts, then nothing until the 26th at 22:00.
    check_due(&night, "2026-12-24T23:00:00+01:00", 60, "2026-12-24T23:00:00Z");
    check_due(&night, "2026-12-24T23:00:00+01:00", 61, "2026-12-26T21:01:00Z");
}

#[test]
fn around_the_clock_stops_for_days_off_only() {
    let calendar = calendar(json!({"time_zone": "America/New_York", "holidays": ["2026-07-04"]}));
    check_due(&calendar, "2026-07-03T23:30:00-04:00", 60, "2026-07-05T04:30:00Z");
}

#[test]
fn leave_stops_the_clock_from_its_first_moment_to_its_last() {
    let calendar = calendar(
        json!({"time_zone": "Europe/Berlin", "hours": [{"days": WORK_DAYS, "from": "09:00", "to": "18:00"}],
        "leave": [{"from": "2026-06-09T13:00:00+02:00", "until": "2026-06-09T15:00:00+02:00"}, {"from": "2026-06-10", "until": "2026-06-11"}]}),
    );
    check_due(&calendar, "2026-06-09T12:30:00+02:00", 60, "2026-06-09T13:30:00Z");
    check_due(&calendar, "2026-06-09T17:30:00+02:00", 60, "2026-06-12T07:30:00Z");
    assert!(calendar.on_leave(at("2026-06-09T13:00:00+02:00")));
    assert!(!calendar.on_leave(at("2026-06-09T15:00:00+02:00")));
    assert_eq!(calendar.leave_ends(at("2026-06-10T12:00:00+02:00")), Some(at("2026-06-12T00:00:00+02:00")));
}

#[test]
fn leave_until_further_notice_never_ends() {
    let calendar = calendar(json!({"leave": [{"from": "2026-06-01"}]}));
    assert_eq!(calendar.next_start(at("2026-06-09T12:00:00Z")), None);
    assert_eq!(calendar.leave_ends(at("2026-06-09T12:00:00Z")), None);
    assert_eq!(calendar.next_start(at("2026-05-31T12:00:00Z")), Some(at("2026-05-31T12:00:00Z")));
}

#[test]
fn a_year_and_a_day_is_searched_and_no_more() {
    let monday_once = |last: &str| {
        calendar(json!({"leave": [{"from": "2026-06-01", "until": last}]})).next_start(at("2026-06-01T00:00:00Z"))
    };
    // 366 days after 2026-06-01 is 2027-06-02, which is no longer looked at.
    assert_eq!(monday_once("2027-05-31"), Some(at("2027-06-01T00:00:00Z")));
    assert_eq!(monday_once("2027-06-01"), None);
}

#[test]
fn the_hour_that_the_clock_skips_is_not_worked() {
    // Berlin, 2026-03-29: 02:00 becomes 03:00.
    let early =
        calendar(json!({"time_zone": "Europe/Berlin", "hours": [{"days": ["sun"], "from": "01:00", "to": "05:00"}]}));
    check_due(&early, "2026-03-29T01:30:00+01:00", 60, "2026-03-29T01:30:00Z");
    check_due(&early, "2026-03-29T01:00:00+01:00", 180, "2026-03-29T03:00:00Z");
    // A span inside the skipped hour does not exist on that day, and starts late when it only begins in it.
    let inside =
        calendar(json!({"time_zone": "Europe/Berlin", "hours": [{"days": ["sun"], "from": "02:15", "to": "02:45"}]}));
    check_due(&inside, "2026-03-29T00:00:00+01:00", 0, "2026-04-05T00:15:00Z");
    let across =
        calendar(json!({"time_zone": "Europe/Berlin", "hours": [{"days": ["sun"], "from": "02:30", "to": "04:00"}]}));
    check_due(&across, "2026-03-29T00:00:00+01:00", 0, "2026-03-29T01:00:00Z");
}

#[test]
fn the_hour_that_the_clock_shows_twice_is_worked_twice() {
    // Berlin, 2026-10-25: 03:00 becomes 02:00.
    let early =
        calendar(json!({"time_zone": "Europe/Berlin", "hours": [{"days": ["sun"], "from": "01:00", "to": "05:00"}]}));
    check_due(&early, "2026-10-25T01:00:00+02:00", 300, "2026-10-25T04:00:00Z");
    assert_eq!(due(&early, "2026-10-25T01:00:00+02:00", 301).as_deref(), Some("2026-11-01T00:01:00Z"));
}

#[test]
fn a_working_week_over_the_change_keeps_its_wall_clock() {
    // Friday 17:00 before the change in March, two hours: Monday 10:00 in summer time.
    check_due(&nine_to_six(), "2026-03-27T17:00:00+01:00", 120, "2026-03-30T08:00:00Z");
}

#[test]
fn the_local_day_turns_at_the_reps_midnight() {
    let auckland = calendar(json!({"time_zone": "Pacific/Auckland"}));
    let utc = calendar(json!({}));
    let noon = at("2026-06-09T12:00:00Z");
    assert_eq!(auckland.local_day(noon), utc.local_day(noon) + 1);
    assert_eq!(auckland.next_day(at("2026-06-09T11:00:00Z")), noon);
    // Lisbon's day of the change has 23 hours, New York's 25.
    let lisbon = calendar(json!({"time_zone": "Europe/Lisbon"}));
    assert_eq!(lisbon.next_day(at("2026-03-29T00:00:00Z")), at("2026-03-29T23:00:00Z"));
    let new_york = calendar(json!({"time_zone": "America/New_York"}));
    assert_eq!(new_york.next_day(at("2026-11-01T04:00:00Z")), at("2026-11-02T05:00:00Z"));
}

#[test]
fn the_end_of_time_does_not_hang_or_fail() {
    let end = Timestamp::from_ms(i64::MAX);
    for rep in
        [json!({}), json!({"time_zone": "Europe/Berlin", "hours": [{"days": ["mon"], "from": "09:00", "to": "10:00"}]})]
    {
        let calendar = calendar(rep);
        let window = calendar.window(end);
        assert!(window.until <= end);
        assert!(calendar.add_working_minutes(end, u32::MAX).is_none_or(|due| due <= end));
        assert!(calendar.next_day(end) <= end);
    }
}

// A second implementation, minute by minute, straight from the written entry.

const ZONES: [(&str, &str); 8] = [
    ("UTC", "2026-06-07T00:00:00Z"),
    ("Europe/Berlin", "2026-03-28T00:00:00Z"),
    ("Europe/Berlin", "2026-10-24T00:00:00Z"),
    ("America/New_York", "2026-10-31T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-03T00:00:00Z"),
    ("America/Havana", "2026-10-31T00:00:00Z"),
    ("Asia/Beirut", "2026-03-27T00:00:00Z"),
    ("Asia/Kathmandu", "2026-06-07T00:00:00Z"),
];

fn minutes(text: &str) -> i64 {
    let (hours, minutes) = text.split_once(':').unwrap();
    hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap()
}

fn day(weekday: jiff::civil::Weekday) -> Day {
    [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri, Day::Sat, Day::Sun]
        [usize::try_from(weekday.to_monday_zero_offset()).unwrap()]
}

fn works(rep: &Rep, zone: &TimeZone, moment: Timestamp) -> bool {
    let local = zone.to_datetime(moment.to_jiff());
    let is_off = |date: jiff::civil::Date| rep.holidays.contains(&date.to_string());
    let (today, yesterday) = (local.date(), local.date() - 1.day());
    let clock = i64::from(local.hour()) * 60 + i64::from(local.minute());
    let in_hours = rep.hours.is_empty()
        || rep.hours.iter().any(|span| {
            let (from, to) = (minutes(&span.from), minutes(&span.to));
            let own = span.days.contains(&day(today.weekday())) && from <= clock && (to < from || clock < to);
            let spill = span.days.contains(&day(yesterday.weekday())) && to < from && clock < to && !is_off(yesterday);
            own || spill
        });
    let on_leave =
        rep.leave.iter().any(|leave| at(&leave.from) <= moment && moment < at(leave.until.as_ref().unwrap()));
    in_hours && !is_off(today) && !on_leave
}

fn time() -> impl Strategy<Value = String> {
    (0..24_u32, prop_oneof![Just(0_u32), Just(15), Just(30), Just(59)]).prop_map(|(h, m)| format!("{h:02}:{m:02}"))
}

prop_compose! {
    fn span()(days in prop::collection::vec(prop::sample::select(vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), 1..5), from in time(), to in time()) -> Value {
        let to = if from == to { "24:00".to_owned() } else { to };
        json!({"days": days, "from": from, "to": to})
    }
}

fn weekly() -> impl Strategy<Value = Value> {
    prop::collection::vec(span(), 0..4).prop_map(Value::Array)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// The compiled calendar says the same as the written entry, minute by minute over four days around a change
    /// of the clock: at work or not, when the next shift starts, and when working minutes are up.
    #[test]
    fn a_calendar_says_what_was_written(
        zone in prop::sample::select(&ZONES[..]),
        hours in weekly(),
        off in prop::option::of(0_i64..4),
        leave in prop::option::of((0_i64..4_000, 1_i64..2_000)),
        start in 0_i64..2_880,
        sla in 0_u32..600,
    ) {
        let (name, base) = (zone.0, at(zone.1));
        let off: Vec<String> = off.map(|days| base.plus_minutes(days * 1_440).to_string().split_once('T').unwrap().0.to_owned()).into_iter().collect();
        let leave: Vec<Value> = leave
            .map(|(from, len)| json!({"from": base.plus_minutes(from).to_string(), "until": base.plus_minutes(from + len).to_string()}))
            .into_iter()
            .collect();
        let rep = parsed(json!({"time_zone": name, "hours": hours, "holidays": off, "leave": leave}));
        let calendar = Calendar::compile(&rep).unwrap();
        let zone = TimeZone::get(name).unwrap();
        let from = base.plus_minutes(start);

        let (mut worked, mut first, mut due) = (0_u32, None, None);
        for minute in 0..4 * 1_440 {
            let moment = from.plus_minutes(minute);
            let expected = works(&rep, &zone, moment);
            prop_assert_eq!(calendar.is_working(moment), expected, "at {}", moment);
            if expected {
                first = first.or(Some(moment));
                if worked == sla { due = due.or(Some(moment)); }
                worked += 1;
                if worked == sla { due = due.or(Some(moment.plus_minutes(1))); }
            }
        }
        if let Some(first) = first {
            prop_assert_eq!(calendar.next_start(from), Some(first));
        }
        if let Some(due) = due {
            prop_assert_eq!(calendar.add_working_minutes(from, sla), Some(due));
        }
    }

    /// A window holds for as long as it says, and for no moment in it does the calendar say otherwise.
    #[test]
    fn a_window_holds_until_its_end(zone in prop::sample::select(&ZONES[..]), hours in weekly(), start in 0_i64..5_760, part in 0_i64..1_000) {
        let rep = parsed(json!({"time_zone": zone.0, "hours": hours}));
        let calendar = Calendar::compile(&rep).unwrap();
        let from = at(zone.1).plus_minutes(start);
        let window = calendar.window(from);
        prop_assert!(window.until > from);
        let inside = from.plus_ms((window.until.ms_since(from) - 1) * part / 999);
        prop_assert_eq!(calendar.is_working(inside), window.is_working());
        prop_assert_eq!(calendar.local_day(inside), window.day);
        if !window.is_working() {
            prop_assert_eq!(calendar.next_start(inside), window.next_start);
        }
        prop_assert!(window.until.ms_since(from) <= 26 * 60 * MINUTE_MS);
    }
}
