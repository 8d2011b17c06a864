//! The name of this machine.

/// The machine's host name, with every character other than letters, digits,
/// `.`, `_` and `-` replaced by `-`.
pub(crate) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::fs::read_to_string("/etc/hostname"))
        .ok()
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .or_else(|| std::env::var("HOSTNAME").ok())
        .unwrap_or_default();
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' || c == '_' {
            c
        } else {
            '-'
        }
    };
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.chars().map(safe).collect(),
    }
}
