//! What a process and the machine use, from `/proc`.

use std::fs;
use std::time::Duration;

use anyhow::Context;

/// The unit of CPU times in `/proc`: `USER_HZ`, which is 100 on every Linux that people run.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a process has used so far, and holds now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Usage {
    /// CPU time of all its threads, the kernel's work for them included.
    pub(super) cpu: Duration,
    /// Octets of memory that are resident.
    pub(super) resident: u64,
}

/// What that process uses.
pub(super) fn usage(pid: u32) -> anyhow::Result<Usage> {
    let read = |name: &str| {
        let path = format!("/proc/{pid}/{name}");
        fs::read_to_string(&path).with_context(|| path)
    };
    let cpu = cpu_time(&read("stat")?).with_context(|| format!("/proc/{pid}/stat is not understood"))?;
    let resident = resident(&read("status")?).with_context(|| format!("/proc/{pid}/status has no VmRSS"))?;
    Ok(Usage { cpu, resident })
}

/// `utime` and `stime`, fields 14 and 15. The name before them may hold blanks and parentheses.
fn cpu_time(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_secs_f64(ticks as f64 / TICKS_PER_SECOND))
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1_024)
}

/// CPU time of the whole machine since it started, in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Machine {
    idle: u64,
    stolen: u64,
    all: u64,
}

impl Machine {
    /// The machine now; `None` where it cannot be told.
    pub(super) fn now() -> Option<Self> {
        Self::read(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// The first line: user, nice, system, idle, iowait, irq, softirq, steal, and guests, which user has counted already.
    fn read(stat: &str) -> Option<Self> {
        let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
        let ticks: Vec<u64> = fields.take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(Self { idle: ticks.get(3)? + ticks.get(4)?, stolen: *ticks.get(7)?, all: ticks.iter().sum() })
    }

    /// The parts of the time since `before` in which the machine was busy, and in which it was another one's.
    pub(super) fn since(self, before: Self) -> Option<(f64, f64)> {
        let all = self.all.checked_sub(before.all).filter(|all| *all > 0)? as f64;
        let part = |now: u64, before: u64| now.saturating_sub(before) as f64 / all;
        Some((1.0 - part(self.idle, before.idle), part(self.stolen, before.stolen)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_proc_are_read() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 3 0 100 1 2";
        assert_eq!(cpu_time(stat), Some(Duration::from_secs(3)));
        assert_eq!(cpu_time("42 (a) S 1"), None);
        assert_eq!(resident("Name:\tsluice\nVmRSS:\t    2048 kB\nThreads:\t3\n"), Some(2 << 20));
        assert_eq!(resident("Name:\tkthreadd\n"), None);
    }

    #[test]
    fn busy_and_stolen_time_are_told_apart() {
        let machine = |text| Machine::read(text).unwrap();
        let before = machine("cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3\n");
        let after = machine("cpu  140 0 120 710 110 0 10 10 0 0\n");
        assert_eq!(after.since(before), Some((0.8, 0.1)));
        assert_eq!(after.since(after), None);
        assert_eq!(Machine::read("cpu0 1 2"), None);
    }

    #[test]
    fn this_very_process_has_figures() {
        assert!(usage(std::process::id()).unwrap().resident > 0);
        assert!(usage(u32::MAX).unwrap_err().to_string().contains("/proc/4294967295/stat"));
    }
}
