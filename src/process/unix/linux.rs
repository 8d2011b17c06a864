//! What Linux tells about the machine in `/proc`.

use std::fs;

use crate::process::Memory;

/// The name of this machine.
pub(crate) fn host_name() -> Option<String> {
    let read = |path| fs::read_to_string(path).ok();
    read("/proc/sys/kernel/hostname").or_else(|| read("/etc/hostname"))
}

/// The model of the processor.
pub(crate) fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let (_, model) = lines.find(|(name, _)| name.trim() == "model name")?;
    Some(model.trim().to_owned())
}

/// The number of processes that run or wait to, on average over a minute.
pub(crate) fn load_average() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// The memory of this machine.
pub(crate) fn memory() -> Memory {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kilobytes: u64 = line.trim_end_matches("kB").trim().parse().ok()?;
        Some(kilobytes << 10)
    };
    Memory {
        available: of("MemAvailable:"),
        total: of("MemTotal:"),
    }
}

#[cfg(test)]
mod tests {
    use super::{host_name, load_average, memory};

    #[test]
    fn linux_tells_load_memory_and_name() {
        assert!(load_average().is_some_and(|load| load >= 0.0));
        let memory = memory();
        assert!(memory.total > memory.available, "{memory:?}");
        assert!(host_name().is_some_and(|name| !name.trim().is_empty()));
    }
}
