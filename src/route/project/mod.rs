//! `project`: makes a body of its own for an event. `pick` or `omit` comes first, then `rename`, then `wrap`.
//!
//! The body is made from the parsed document, so a member that was there twice is there once, and numbers beyond 64 bits
//! are as exact as JavaScript would have read them.

mod filter;
mod rename;
mod wrap;

use bytes::Bytes;

use super::reference::pointer_keys;
use super::rule::Problems;
use crate::config::Projection;
use crate::event::Event;
use filter::Filter;
use rename::Renames;
use wrap::Wrapper;

/// The most levels that the path of a member may have: JSON that is nested deeper is not read at all.
const LEVELS_MAX: usize = 128;

/// The keys that lead to a member, which is named by its name or by a JSON pointer.
fn path(member: &str) -> Result<Vec<String>, String> {
    let keys = match member {
        "" => return Err("a member is named by its name or by a JSON pointer, as `/shop/id`".to_owned()),
        _ if member.starts_with('/') => pointer_keys(member)?,
        _ => vec![member.to_owned()],
    };
    if keys.len() > LEVELS_MAX {
        return Err(format!("a JSON pointer has at most {LEVELS_MAX} levels"));
    }
    Ok(keys)
}

/// A projection, ready to be applied.
#[derive(Debug)]
pub(super) struct Projector {
    filter: Filter,
    renames: Vec<Renames>,
    wrapper: Option<Wrapper>,
}

impl Projector {
    /// Reads a projection; `None` when it adds to the problems.
    pub(super) fn new(config: &Projection, problems: &mut Problems) -> Option<Self> {
        let shapes_body = !(config.pick.is_empty() && config.omit.is_empty() && config.rename.is_empty());
        if !shapes_body && config.wrap.is_none() {
            problems.add("project", "", "a projection names `pick`, `omit`, `rename` or `wrap`");
        }
        if !config.pick.is_empty() && !config.omit.is_empty() {
            problems.add("project.omit", "", "`pick` already leaves out all others: name `pick` or `omit`, not both");
        }
        if shapes_body && config.wrap.as_ref().is_some_and(|wrap| wrap.member.is_empty()) {
            let message = "without it the body itself does not go out, and there is nothing to pick, omit or rename";
            problems.add("project.wrap.member", "", message);
        }
        let filter = Filter::new(config, problems);
        let renames = Renames::all(&config.rename, problems);
        let wrapper = config.wrap.as_ref().and_then(|wrap| Wrapper::new(wrap, problems));
        Some(Self { filter, renames, wrapper })
    }

    /// The event's projected body.
    pub(super) fn body(&self, event: &Event, now_ms: i64) -> Bytes {
        let projected = || {
            let mut value = self.filter.apply(&event.document);
            self.renames.iter().for_each(|renames| renames.apply(&mut value));
            value
        };
        let value = match &self.wrapper {
            Some(wrapper) => wrapper.wrap(projected, event, now_ms),
            None => projected(),
        };
        value.to_string().into()
    }
}
