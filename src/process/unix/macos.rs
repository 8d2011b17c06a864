//! What macOS tells about the machine through `sysctl` and `vm_stat`. Other Unix
//! systems have some of it.

use std::process::{Command, Stdio};

use crate::process::Memory;

/// The name of this machine.
pub(crate) fn host_name() -> Option<String> {
    let system = rustix::system::uname();
    Some(system.nodename().to_string_lossy().into_owned())
}

/// The model of the processor.
pub(crate) fn processor() -> Option<String> {
    let text = output("sysctl", &["-n", "machdep.cpu.brand_string"])?;
    Some(text.trim().to_owned())
}

/// The number of processes that run or wait to, on average over a minute.
pub(crate) fn load_average() -> Option<f64> {
    // In braces: `{ 1.52 1.60 1.71 }`.
    let text = output("sysctl", &["-n", "vm.loadavg"])?;
    let first = text.split_whitespace().find(|word| *word != "{")?;
    // Some languages have a decimal comma.
    first.replace(',', ".").parse().ok()
}

/// The memory of this machine.
pub(crate) fn memory() -> Memory {
    let total = output("sysctl", &["-n", "hw.memsize"]);
    Memory {
        available: output("vm_stat", &[]).and_then(|text| available(&text)),
        total: total.and_then(|text| text.trim().parse().ok()),
    }
}

/// Free and inactive pages, in bytes, in the output of `vm_stat`.
fn available(text: &str) -> Option<u64> {
    let number = |after: &str| {
        let (_, rest) = text.split_once(after)?;
        let digits = rest.trim_start().split(|c: char| !c.is_ascii_digit());
        digits.into_iter().next()?.parse::<u64>().ok()
    };
    let pages = number("Pages free:")? + number("Pages inactive:")?;
    Some(pages * number("page size of")?)
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    String::from_utf8(command.output().ok()?.stdout).ok()
}

#[cfg(test)]
mod tests {
    use super::available;

    #[test]
    fn free_and_inactive_pages_are_available() {
        let text = "Mach Virtual Memory Statistics: (page size of 16384 bytes)\n\
                    Pages free:                               10.\n\
                    Pages active:                             99.\n\
                    Pages inactive:                            5.\n";
        assert_eq!(available(text), Some(15 * 16384));
        assert_eq!(available("other"), None);
    }
}
