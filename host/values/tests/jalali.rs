//! The Persian calendar, and Tehran's clock.

use pod_values::{Instant, JalaliDate};
use proptest::prelude::*;

const DAY: u64 = 24 * 60 * 60 * 1_000;
const HOUR: u64 = 60 * 60 * 1_000;

fn day(text: &str) -> JalaliDate {
    text.parse().unwrap()
}

fn utc(text: &str) -> Instant {
    let at: jiff::Timestamp = text.parse().unwrap();
    Instant(at.as_millisecond().try_into().unwrap())
}

#[test]
fn known_instants() {
    for (jalali, gregorian) in [
        ("1399/03/13 10:00:00", "2020-06-02T05:30:00Z"),
        ("1348/10/11 03:30:00", "1970-01-01T00:00:00Z"),
        ("1357/11/22 00:00:00", "1979-02-10T20:30:00Z"),
        ("1399/12/30 23:59:59", "2021-03-20T20:29:59Z"),
        ("1400/01/01 00:00:00", "2021-03-20T20:30:00Z"),
        ("1403/12/30 12:00:00", "2025-03-20T08:30:00Z"),
        ("1404/01/01 00:00:00", "2025-03-20T20:30:00Z"),
    ] {
        assert_eq!(Instant::from_jalali_date_time(jalali), Some(utc(gregorian)), "{jalali}");
        assert_eq!(utc(gregorian).jalali_date_time().to_string(), jalali);
        assert_eq!(utc(gregorian).to_string(), jalali);
        assert_eq!(utc(gregorian).jalali_date(), day(&jalali[..10]));
    }
}

#[test]
fn leap_years_have_a_thirtieth_of_esfand() {
    for year in [1370, 1375, 1379, 1383, 1387, 1391, 1395, 1399, 1403, 1408, 1412, 1416, 1420] {
        assert!(JalaliDate { year, month: 12, day: 30 }.is_valid(), "{year}");
        assert!(!JalaliDate { year, month: 12, day: 31 }.is_valid(), "{year}");
        for common in [year - 1, year + 1] {
            assert!(!JalaliDate { year: common, month: 12, day: 30 }.is_valid(), "{common}");
        }
    }
}

#[test]
fn months_have_their_lengths() {
    for month in 1..=12 {
        let length = if month <= 6 { 31 } else { 30 };
        assert!(JalaliDate { year: 1399, month, day: length }.is_valid());
        assert!(!JalaliDate { year: 1399, month, day: length + 1 }.is_valid());
        assert!(!JalaliDate { year: 1399, month, day: 0 }.is_valid());
    }
}

#[test]
fn what_is_no_day_is_refused_and_quoted() {
    for text in [
        "1400/12/30",
        "1399/13/01",
        "1399/00/01",
        "1399/07/31",
        "1399/01/32",
        "1399/01/00",
        "1399/03",
        "1399",
        "",
        "/",
        "1399/03/13/1",
        "1399-03-13",
        "13990313",
        "1399/03/13 10:00:00",
        "-1399/03/13",
        "1399/03/x",
        "1399/259/01",
        "99999/01/01",
    ] {
        let error = text.parse::<JalaliDate>().unwrap_err();
        assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
    }
}

#[test]
fn seconds_may_be_left_out() {
    let at = Instant::from_jalali_date_time("1399/3/13 9:05").unwrap();
    assert_eq!(at.jalali_date_time().to_string(), "1399/03/13 09:05:00");
}

#[test]
fn what_is_no_date_time_is_refused() {
    for text in [
        "1399/03/13",
        "1399/03/13 24:00:00",
        "1399/03/13 10:60:00",
        "1399/03/13 10:00:60",
        "1399/03/13 10",
        "1399/03/13 10:00:",
        "1399/03/13 10:00:00:00",
        "1399/03/13 -1:00:00",
        "1400/12/30 10:00:00",
        "1399/03/13T10:00:00",
        "10:00:00",
        "",
        "1340/01/01 00:00:00",
    ] {
        assert_eq!(Instant::from_jalali_date_time(text), None, "{text}");
    }
}

#[test]
fn a_day_on_which_the_clock_is_changed_is_shorter_or_longer() {
    // Until 1401 the clock was put forward at the first midnight of the year, and back in autumn.
    let length = |text: &str| day(text).end().unwrap().0 - day(text).start().unwrap().0;
    assert_eq!(length("1401/01/01"), DAY);
    assert_eq!(length("1401/01/02"), DAY - HOUR);
    assert_eq!(length("1401/06/30"), DAY + HOUR);
    assert_eq!(length("1402/01/02"), DAY);
}

#[test]
fn json_is_a_text_for_a_day_and_a_number_for_an_instant() {
    assert_eq!(serde_json::to_string(&day("1399/3/5")).unwrap(), "\"1399/03/05\"");
    assert_eq!(serde_json::from_str::<JalaliDate>("\"1399/03/05\"").unwrap(), day("1399/03/05"));
    assert!(serde_json::from_str::<JalaliDate>("\"1400/12/30\"").is_err());
    assert_eq!(serde_json::to_string(&Instant(5)).unwrap(), "5");
    assert_eq!(serde_json::from_str::<Instant>("5").unwrap(), Instant(5));
    for text in ["-5", "5.5", "null", "\"\"", "\"soon\""] {
        assert!(serde_json::from_str::<Instant>(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn days_follow_one_another_without_gap(at in 2 * DAY..400 * 365 * DAY) {
        let today = Instant(at).jalali_date();
        prop_assert!(today.is_valid());
        let (start, end) = (today.start().unwrap(), today.end().unwrap());
        prop_assert!((start.0..end.0).contains(&at));
        let tomorrow = end.jalali_date();
        prop_assert!(tomorrow > today);
        prop_assert_eq!(tomorrow.start(), Some(end));
        prop_assert_eq!(Instant(end.0 - 1).jalali_date(), today);
        prop_assert_eq!(today.to_string().parse::<JalaliDate>(), Ok(today));
    }

    /// Since the clock is no longer changed, a text names one instant.
    #[test]
    fn a_second_reads_back(second in 1_672_531_200u64..7_258_118_400) {
        let at = Instant(second * 1_000);
        prop_assert_eq!(Instant::from_jalali_date_time(&at.jalali_date_time().to_string()), Some(at));
    }

    /// Before, in one hour of the year, a text names two; it reads as the earlier one.
    #[test]
    fn a_text_reads_back(second in 0u64..7_258_118_400) {
        let text = Instant(second * 1_000).jalali_date_time().to_string();
        let read = Instant::from_jalali_date_time(&text).unwrap();
        prop_assert!(read.0 <= second * 1_000);
        prop_assert_eq!(read.jalali_date_time().to_string(), text);
    }

    /// A guest can make any of these.
    #[test]
    fn no_day_is_too_odd(year: u16, month: u8, day: u8) {
        let date = JalaliDate { year, month, day };
        if !date.is_valid() {
            prop_assert_eq!((date.start(), date.end()), (None, None));
        } else if let (Some(start), Some(end)) = (date.start(), date.end()) {
            prop_assert!(start < end);
            prop_assert_eq!(start.jalali_date(), date);
        }
    }

    #[test]
    fn no_instant_is_too_late(at: u64) {
        let _ = Instant(at).jalali_date_time().to_string();
    }
}
