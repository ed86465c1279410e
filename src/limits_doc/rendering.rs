//! Rows and numbers of docs/limits.md as text.

/// Beyond such a limit nothing happens.
pub(super) const NOTHING: &str = "";

/// What is limited, the limit, and what happens beyond it.
pub(super) type Row = (&'static str, String, &'static str);

pub(super) fn section(title: &str, rows: &[Row]) -> String {
    let rows: String =
        rows.iter().map(|(what, limit, beyond)| format!("| {what} | {limit} | {beyond} |\n")).collect();
    format!("## {title}\n\n| limit | value | beyond it |\n| --- | --- | --- |\n{rows}\n")
}

/// With a comma before each three digits.
pub(super) fn number(number: impl TryInto<u64>) -> String {
    let Ok(number) = number.try_into() else { panic!("a limit is negative") };
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}

/// In KiB or MiB.
pub(super) fn bytes(bytes: usize) -> String {
    let kibibytes = bytes / 1024;
    assert_eq!(kibibytes * 1024, bytes, "a limit is no whole number of KiB");
    match kibibytes % 1024 {
        0 => format!("{} MiB", kibibytes / 1024),
        _ => format!("{kibibytes} KiB"),
    }
}

pub(super) fn megabytes(bytes: u64) -> String {
    assert_eq!(bytes % 1_000_000, 0, "a limit is no whole number of MB");
    format!("{} MB", bytes / 1_000_000)
}

pub(super) fn tenths(tenths: u64) -> String {
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        part => format!("{}.{part}", tenths / 10),
    }
}

/// In the largest unit of which it is a whole number.
pub(super) fn duration(millis: u64) -> String {
    let units =
        [(24 * 60 * 60 * 1000, "day"), (60 * 60 * 1000, "hour"), (60 * 1000, "minute"), (1000, "second")];
    let (unit, name) =
        units.into_iter().find(|(unit, _)| millis.is_multiple_of(*unit)).unwrap_or((1, "millisecond"));
    let count = millis / unit;
    format!("{} {name}{}", number(count), if count == 1 { "" } else { "s" })
}
