//! `steps`: what is done to a page before it is captured.

use serde::Serialize;

use crate::config::{TextTemplate, Variables};
use crate::model::StoryIdentifier;

use super::capture_settings::condition;
use super::keys::Chord;
use super::reader::{Problems, Table, Value};
use super::types::WaitFor;

/// Something that is done to a page, as a person would do it. Elements are
/// found by CSS selectors, in the document first and then in its shadow roots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The mouse goes to the middle of an element.
    Hover(String),
    /// An element gets the focus.
    Focus(String),
    /// The mouse goes to the middle of an element and clicks.
    Click(String),
    /// A field gets the focus and what it holds is replaced by what is typed.
    Type {
        /// The field.
        into: String,
        /// What is typed.
        text: TextTemplate,
    },
    /// A key is pressed, with or without modifiers.
    Press(Chord),
    /// An element is scrolled into view.
    ScrollTo(String),
    /// An option of a `<select>` is chosen.
    Select {
        /// The `<select>`.
        r#in: String,
        /// The option's value, or its text.
        value: TextTemplate,
    },
    /// The page is waited for.
    WaitFor(WaitFor),
    /// JavaScript is run in the page, and its promise waited for.
    Script(String),
}

impl Step {
    /// The manifest's word for what is done.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Hover(_) => "hover",
            Self::Focus(_) => "focus",
            Self::Click(_) => "click",
            Self::Type { .. } => "type",
            Self::Press(_) => "press",
            Self::ScrollTo(_) => "scroll-to",
            Self::Select { .. } => "select",
            Self::WaitFor(_) => "wait-for",
            Self::Script(_) => "script",
        }
    }

    /// What it is done to, for messages: a selector, a key. Never what is
    /// typed, which may be secret.
    pub fn target(&self) -> String {
        match self {
            Self::Hover(selector)
            | Self::Focus(selector)
            | Self::Click(selector)
            | Self::Type { into: selector, .. }
            | Self::Select { r#in: selector, .. }
            | Self::ScrollTo(selector)
            | Self::WaitFor(WaitFor::Selector(selector)) => selector.clone(),
            Self::Press(chord) => chord.name().to_owned(),
            Self::WaitFor(WaitFor::Expression(script)) | Self::Script(script) => script.clone(),
            Self::WaitFor(WaitFor::Delay(delay)) => format!("{} s", delay.as_secs_f32()),
        }
    }

    /// The text that comes in part from the environment, if it does.
    pub fn text(&self) -> Option<&TextTemplate> {
        match self {
            Self::Type { text, .. } | Self::Select { value: text, .. } => Some(text),
            _ => None,
        }
    }
}

/// The steps of a story and those of them that are snapshots of their own.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    pub(super) all: Vec<Step>,
    /// A name, and how many steps are done for it.
    pub(super) named: Vec<(String, usize)>,
}

/// Reads `steps` of a story.
pub(super) fn steps(
    value: Option<Value<'_>>,
    variables: &Variables,
    problems: &mut Problems,
) -> Steps {
    let mut steps = Steps::default();
    for item in items(value, problems) {
        let Some(mut table) = item.table(problems) else {
            continue;
        };
        let name = table.take("snapshot");
        let given = read(&mut table, variables, problems);
        let is_named = name.is_some();
        table.finish(problems);
        match given.as_slice() {
            [(_, step)] => steps.all.extend(step.clone()),
            // The page as the steps before have left it.
            [] if is_named => {}
            _ => problems.add(one_thing(&item, &given)),
        }
        if let Some(name) = name.and_then(|name| snapshot_name(&name, problems)) {
            steps.named.push((name, steps.all.len()));
        }
    }
    steps
}

/// Reads `steps` of a log-in, none of which is a snapshot.
pub(super) fn plain_steps(
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
        table.finish(problems);
        match given.as_slice() {
            [(_, step)] => steps.extend(step.clone()),
            _ => problems.add(one_thing(&item, &given)),
        }
    }
    steps
}

/// The items of the list, each called by its number.
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

/// Makes a step of the text that stands behind its word.
type OfSelector = fn(String) -> Step;

type Given = (&'static str, Option<Step>);

/// Everything that one step says is to be done; None behind a word for what
/// was said wrong, and told.
fn read(table: &mut Table<'_>, variables: &Variables, problems: &mut Problems) -> Vec<Given> {
    let mut given: Vec<Given> = Vec::new();
    let simple: [(&'static str, OfSelector); 5] = [
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

/// A table of two texts, the second of which may be empty.
fn pair(
    value: &Value<'_>,
    first: &'static str,
    second: &'static str,
    problems: &mut Problems,
) -> Option<(String, String)> {
    if !value.is_table() {
        let form = format!("must be {{ {first} = \"a CSS selector\", {second} = \"…\" }}");
        problems.add(value.wrong(&form));
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

fn press(value: &Value<'_>, problems: &mut Problems) -> Option<Chord> {
    let text = value.text(problems)?;
    Chord::parse(text)
        .map_err(|unknown| {
            let problem = value.wrong(&format!("names the unknown key `{unknown}`"));
            let names = Chord::NAMES.iter().map(|(name, _)| *name);
            problems.add(problem.suggest(&unknown, names));
        })
        .ok()
}

/// Neither nothing nor two things at once.
fn one_thing(item: &Value<'_>, given: &[Given]) -> super::Problem {
    let words: Vec<_> = given.iter().map(|(word, _)| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => item.wrong("says nothing to do").help(
            "one of `hover`, `focus`, `click`, `type`, `press`, `scroll-to`, `select`, \
             `wait-for`, `script`",
        ),
        words => item
            .wrong(&format!("does several things: {}", words.join(", ")))
            .help("give each of them a step of its own"),
    }
}

/// What follows the story's id and a hyphen.
fn snapshot_name(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    let name = value.text(problems)?;
    let is_plain = !name.contains(['@', '/']) && StoryIdentifier::check_story_id(name).is_ok();
    if !is_plain {
        problems.add(value.wrong("may hold letters, digits, `.`, `_` and `-` only"));
        return None;
    }
    Some(name.to_owned())
}
