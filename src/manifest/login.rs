//! `[login.NAME]`: how somebody gets past a log-in, once for many stories.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::config::Variables;

use super::capture_settings::time;
use super::error::Problem;
use super::reader::{Named, Problems, Value};
use super::steps::{Step, plain_steps};

/// A named log-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Login {
    /// Its name.
    pub name: String,
    /// How it is done.
    pub how: LoginMethod,
    /// How long it holds at the most.
    pub ttl: Duration,
    /// How a story's page shows that it holds no longer.
    pub expired: Option<LoginExpiry>,
}

/// How a log-in is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginMethod {
    /// By steps on a page below the source.
    Steps {
        /// The page's address below the source.
        path: String,
        /// What is done there.
        steps: Vec<Step>,
    },
    /// By a command, run by the shell in the manifest's folder, that prints
    /// cookies.
    Command(String),
}

/// How a page shows that nobody is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginExpiry {
    /// An element that this CSS selector finds is there.
    Selector(String),
    /// The page's path begins with this.
    Path(String),
}

/// How long a log-in holds where nobody says.
const TTL: Duration = Duration::from_secs(60 * 60);

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
        let problem = value.wrong("must be a section for each log-in: [login.NAME]");
        problems.add(problem.help("which of them the stories use says `login` in [stories]"));
        return Vec::new();
    }
    let table = value.table(problems);
    let entries = table.map(super::reader::Table::named);
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
            problems.add(
                Problem::new(
                    entry.name_span.clone(),
                    format!("{place} must have `path` and `steps`, or a `command`"),
                )
                .help("path = \"/login\" and what is done there, or a command that prints cookies"),
            );
            return None;
        }
    };
    Some(Login {
        name: entry.name.to_owned(),
        how,
        ttl: ttl.and_then(|ttl| self::ttl(&ttl, problems)).unwrap_or(TTL),
        expired: expired.and_then(|value| self::expired(&value, problems)),
    })
}

/// At most a week.
fn ttl(value: &Value<'_>, problems: &mut Problems) -> Option<Duration> {
    time(value, 7.0 * 24.0 * 3600.0, "168 h", problems)
}

/// A selector, or `{ path = "/login" }`.
fn expired(value: &Value<'_>, problems: &mut Problems) -> Option<LoginExpiry> {
    if value.is_text() {
        let selector = value.text(problems)?;
        return Some(LoginExpiry::Selector(selector.to_owned()));
    }
    if !value.is_table() {
        problems.add(value.wrong("must be a CSS selector or { path = \"/login\" }"));
        return None;
    }
    let mut table = value.table(problems)?;
    let path = table.take("path");
    if path.is_none() {
        problems.add(value.wrong("names no `path`"));
    }
    let path = path.and_then(|path| path.text(problems));
    table.finish(problems);
    path.map(|path| LoginExpiry::Path(format!("/{}", path.trim_start_matches('/'))))
}

/// Reads `login` of the stories, or of one of them: a name, or `false`.
pub(super) fn choice(
    value: Option<&Value<'_>>,
    logins: &[Arc<Login>],
    base: Option<&Arc<Login>>,
    problems: &mut Problems,
) -> Option<Arc<Login>> {
    let base = base.cloned();
    let Some(value) = value else { return base };
    if !value.is_text() {
        return match value.flag(problems) {
            Some(true) => {
                problems.add(value.wrong("must name a log-in, or be false"));
                base
            }
            Some(false) => None,
            None => base,
        };
    }
    let name = value.text(problems)?;
    let found = logins.iter().find(|login| login.name == name);
    if found.is_none() {
        let problem = value.wrong(&format!("names the unknown log-in `{name}`"));
        let names = logins.iter().map(|login| login.name.as_str());
        problems.add(match logins {
            [] => problem.help("describe it in a section of its own: [login.NAME]"),
            _ => problem.suggest(name, names),
        });
    }
    found.cloned()
}
