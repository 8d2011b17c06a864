//! `[login.NAME]`: logins that stories share.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Variables;
use crate::manifest::error::Problem;
use crate::manifest::reader::{Named, Problems, Table, Value};
use crate::manifest::types::{Login, LoginExpiry, LoginMethod};
use crate::manifest::values::duration_up_to;

use super::steps::plain_steps;

/// The default lifetime of a login.
const DEFAULT_TTL: Duration = Duration::from_secs(60 * 60);

/// Reads `[login]`, in the order of its lines.
pub(super) fn logins(
    value: Option<Value<'_>>,
    variables: &Variables,
    problems: &mut Problems,
) -> Vec<Arc<Login>> {
    let Some(value) = value else {
        return Vec::new();
    };
    if !value.is_table() {
        let problem = value.expected("a section for each login: [login.NAME]");
        problems.add(problem.help("`login` in [stories] selects the login of the stories"));
        return Vec::new();
    }
    let table = value.table(problems);
    let entries = table.map(Table::named);
    let logins = entries.into_iter().flatten();
    logins
        .filter_map(|entry| login(&entry, variables, problems))
        .map(Arc::new)
        .collect()
}

fn login(entry: &Named<'_>, variables: &Variables, problems: &mut Problems) -> Option<Login> {
    let place = format!("[login.{}]", entry.name);
    let mut value = entry.value.clone();
    value.place.clone_from(&place);
    let mut table = value.table(problems)?;
    let (path, command) = (table.take("path"), table.take("command"));
    let steps = table.take("steps");
    let (ttl, expired) = (table.take("ttl"), table.take("expired"));
    table.finish(problems);
    let has_steps = steps.is_some();
    let steps = plain_steps(steps, variables, problems);
    let path = path.and_then(|path| path.text(problems));
    let command = command.and_then(|command| command.text(problems));
    let how = match (path, has_steps, command) {
        (Some(path), true, None) => LoginMethod::Steps {
            path: path.to_owned(),
            steps,
        },
        (None, false, Some(command)) => LoginMethod::Command(command.to_owned()),
        _ => {
            let message = format!("{place} must set either `path` and `steps`, or `command`");
            let problem = Problem::new(entry.name_span.clone(), message);
            problems.add(problem.help(
                "`steps` are done on the page at `path`, for example \"/login\"; `command` prints \
                 cookies",
            ));
            return None;
        }
    };
    Some(Login {
        name: entry.name.to_owned(),
        how,
        ttl: ttl
            .and_then(|ttl| self::ttl(&ttl, problems))
            .unwrap_or(DEFAULT_TTL),
        expired: expired.and_then(|value| self::expired(&value, problems)),
    })
}

/// At most a week.
fn ttl(value: &Value<'_>, problems: &mut Problems) -> Option<Duration> {
    duration_up_to(value, 7.0 * 24.0 * 3600.0, "168h", problems)
}

/// A selector, or `{ path = "/login" }`.
fn expired(value: &Value<'_>, problems: &mut Problems) -> Option<LoginExpiry> {
    if value.is_text() {
        let selector = value.text(problems)?;
        return Some(LoginExpiry::Selector(selector.to_owned()));
    }
    if !value.is_table() {
        problems.add(value.expected("a CSS selector or { path = \"/login\" }"));
        return None;
    }
    let mut table = value.table(problems)?;
    let path = table.take("path");
    if path.is_none() {
        problems.add(value.wrong("is missing the key `path`"));
    }
    let path = path.and_then(|path| path.text(problems));
    table.finish(problems);
    path.map(|path| LoginExpiry::Path(format!("/{}", path.trim_start_matches('/'))))
}

/// Reads `login` of `[stories]` or of a story: a name, or `false`.
pub(super) fn selection(
    value: Option<&Value<'_>>,
    logins: &[Arc<Login>],
    base: Option<&Arc<Login>>,
    problems: &mut Problems,
) -> Option<Arc<Login>> {
    let base = base.cloned();
    let Some(value) = value else { return base };
    if !value.is_text() {
        if value.inner().as_bool() == Some(false) {
            return None;
        }
        problems.add(value.expected("the name of a login, or false"));
        return base;
    }
    let name = value.text(problems)?;
    let found = logins.iter().find(|login| login.name == name);
    if found.is_none() {
        let problem = value.wrong(&format!("names the unknown login `{name}`"));
        let names = logins.iter().map(|login| login.name.as_str());
        problems.add(match logins {
            [] => problem.help(format!("define it in a section [login.{name}]")),
            _ => problem.suggest(name, names),
        });
    }
    found.cloned()
}
