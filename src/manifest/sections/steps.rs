//! `steps`: what is done to a page before it is captured.

use crate::config::{TextTemplate, Variables};
use crate::manifest::error::Problem;
use crate::manifest::reader::{Problems, Table, Value};
use crate::manifest::types::{KeyChord, Step};
use crate::model::StoryIdentifier;

use super::capture::condition;
use super::coordination;

/// The steps of a story, some of which are also captured.
#[derive(Clone, Debug, Default)]
pub(in crate::manifest) struct Steps {
    pub(in crate::manifest) all: Vec<Step>,
    /// The name of each captured step, and the number of steps up to it.
    pub(in crate::manifest) named: Vec<(String, usize)>,
}

/// The actions of a step of a story.
const ACTIONS: &str = "`hover`, `focus`, `click`, `type`, `press`, `scroll-to`, `select`, \
                       `wait-for`, `sync` and `script`";
/// The actions of a step of a login.
const LOGIN_ACTIONS: &str = "`hover`, `focus`, `click`, `type`, `press`, `scroll-to`, `select`, \
                             `wait-for` and `script`";

/// Reads `steps` of a story.
pub(in crate::manifest) fn steps(
    value: Option<Value<'_>>,
    variables: &Variables,
    problems: &mut Problems,
) -> Steps {
    let mut steps = Steps::default();
    let mut points: Vec<String> = Vec::new();
    for item in items(value, problems) {
        let Some(mut table) = item.table(problems) else {
            continue;
        };
        let name = table.take("snapshot");
        let mut given = read(&mut table, variables, problems);
        if let Some(value) = table.take("sync") {
            let point = sync(&value, &mut points, problems);
            given.push(("sync", point.map(Step::Sync)));
        }
        let is_named = name.is_some();
        table.finish(problems);
        match given.as_slice() {
            [(_, step)] => steps.all.extend(step.clone()),
            // Only captures the page as the previous steps left it.
            [] if is_named => {}
            _ => problems.add(not_one_action(&item, &given, ACTIONS)),
        }
        if let Some(name) = name.and_then(|name| snapshot_name(&name, problems)) {
            steps.named.push((name, steps.all.len()));
        }
    }
    steps
}

/// Reads `steps` of a login, none of which is captured.
pub(in crate::manifest) fn plain_steps(
    value: Option<Value<'_>>,
    variables: &Variables,
    problems: &mut Problems,
) -> Vec<Step> {
    let mut steps = Vec::new();
    for item in items(value, problems) {
        let Some(mut table) = item.table(problems) else {
            continue;
        };
        let given = read(&mut table, variables, problems);
        if has_sync(&item) {
            problems.add(item.wrong("has a `sync`, which only the steps of a story can have"));
            continue;
        }
        table.finish(problems);
        match given.as_slice() {
            [(_, step)] => steps.extend(step.clone()),
            _ => problems.add(not_one_action(&item, &given, LOGIN_ACTIONS)),
        }
    }
    steps
}

/// The items of the list, each named by its number.
fn items<'a>(value: Option<Value<'a>>, problems: &mut Problems) -> Vec<Value<'a>> {
    let Some(value) = value else {
        return Vec::new();
    };
    let owner = value.place.split_once(" in ").map(|(_, owner)| owner);
    let owner = owner.unwrap_or_default().to_owned();
    let items = value.list(problems).unwrap_or_default();
    let numbered = items.into_iter().enumerate().map(|(index, mut item)| {
        item.place = format!("step {} of {owner}", index + 1);
        item
    });
    numbered.collect()
}

/// Makes a step of the string after its key.
type MakeStep = fn(String) -> Step;

/// A key with its step, or `None` after an error, which is reported.
type StepKey = (&'static str, Option<Step>);

/// Reads the keys of one step.
fn read(table: &mut Table<'_>, variables: &Variables, problems: &mut Problems) -> Vec<StepKey> {
    let mut given: Vec<StepKey> = Vec::new();
    let simple: [(&'static str, MakeStep); 5] = [
        ("hover", Step::Hover),
        ("focus", Step::Focus),
        ("click", Step::Click),
        ("scroll-to", Step::ScrollTo),
        ("script", Step::Script),
    ];
    for (word, step) in simple {
        if let Some(value) = table.take(word) {
            let text = value.text(problems).map(str::to_owned);
            given.push((word, text.map(step)));
        }
    }
    if let Some(value) = table.take("type") {
        let both = pair(&value, "into", "text", problems);
        let both = both.map(|(into, text)| (into, TextTemplate::new(text, variables)));
        given.push(("type", both.map(|(into, text)| Step::Type { into, text })));
    }
    if let Some(value) = table.take("select") {
        let both = pair(&value, "in", "value", problems);
        let both = both.map(|(r#in, value)| (r#in, TextTemplate::new(value, variables)));
        let step = both.map(|(r#in, value)| Step::Select { r#in, value });
        given.push(("select", step));
    }
    if let Some(value) = table.take("press") {
        given.push(("press", press(&value, problems).map(Step::Press)));
    }
    if let Some(value) = table.take("wait-for") {
        let condition = condition(&value, problems);
        given.push(("wait-for", condition.map(Step::WaitFor)));
    }
    given
}

/// A table of two strings, the second of which may be empty.
fn pair(
    value: &Value<'_>,
    first: &'static str,
    second: &'static str,
    problems: &mut Problems,
) -> Option<(String, String)> {
    if !value.is_table() {
        let form = format!("{{ {first} = \"…\", {second} = \"…\" }}");
        problems.add(value.expected(&form));
        return None;
    }
    let mut table = value.table(problems)?;
    let (one, two) = (table.take(first), table.take(second));
    table.finish(problems);
    if one.is_none() || two.is_none() {
        problems.add(value.wrong(&format!("needs both `{first}` and `{second}`")));
    }
    let one = one.and_then(|value| value.text(problems));
    let two = two.and_then(|value| value.any_text(problems));
    one.zip(two)
        .map(|(one, two)| (one.to_owned(), two.to_owned()))
}

fn press(value: &Value<'_>, problems: &mut Problems) -> Option<KeyChord> {
    let text = value.text(problems)?;
    KeyChord::parse(text)
        .map_err(|unknown| {
            let problem = value.wrong(&format!("names the unknown key `{unknown}`"));
            let names = KeyChord::NAMES.iter().map(|(name, _)| *name);
            problems.add(problem.suggest(&unknown, names));
        })
        .ok()
}

fn has_sync(item: &Value<'_>) -> bool {
    let entries = item.inner().as_table();
    entries.is_some_and(|entries| entries.contains_key("sync"))
}

/// The name of a sync point, which a story passes once.
fn sync(value: &Value<'_>, points: &mut Vec<String>, problems: &mut Problems) -> Option<String> {
    let point = coordination::name(value, problems)?;
    if points.contains(&point) {
        let problem = value.wrong(&format!("names the sync point `{point}` again"));
        problems.add(problem.help("give each `sync` of a story a name of its own"));
        return None;
    }
    points.push(point.clone());
    Some(point)
}

/// The problem of a step without an action or with several.
fn not_one_action(item: &Value<'_>, given: &[StepKey], actions: &str) -> Problem {
    let words: Vec<_> = given.iter().map(|(word, _)| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => item
            .wrong("has no action")
            .help(format!("set one of {actions}")),
        words => item
            .wrong(&format!("has several actions: {}", words.join(", ")))
            .help("write a step for each of them"),
    }
}

/// The name of a captured step, which follows the story's id and a hyphen.
fn snapshot_name(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    let name = value.text(problems)?;
    let is_plain = !name.contains(['@', '/']) && StoryIdentifier::check_story_id(name).is_ok();
    if !is_plain {
        problems.add(value.expected("letters, digits, `.`, `_` and `-`"));
        return None;
    }
    Some(name.to_owned())
}
