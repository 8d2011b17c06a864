//! Reading TOML tables key by key, with every error instead of the first.
//!
//! Serde stops at the first thing that it does not like; a person who mends a
//! manifest wants to see all of it. So the parsed table is read by hand: each
//! key is taken once, and whatever nobody took is unknown.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Problem;

/// Everything found wrong so far.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }
}

/// A value and the words that messages use for its place.
#[derive(Clone, Debug)]
pub(super) struct Value<'a> {
    /// `` `threshold` in [compare] ``
    pub(super) place: String,
    pub(super) span: Range<usize>,
    inner: &'a DeValue<'a>,
}

/// A name and what it is bound to: an entry of a table of the user's own
/// names.
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    pub(super) name_span: Range<usize>,
    pub(super) value: Value<'a>,
}

/// A table whose keys are taken one by one.
#[derive(Debug)]
pub(super) struct Table<'a> {
    /// `[compare]`
    title: String,
    pub(super) span: Range<usize>,
    entries: &'a DeTable<'a>,
    asked: Vec<&'static str>,
}

impl<'a> Table<'a> {
    pub(super) fn document(entries: &'a DeTable<'a>) -> Self {
        Self {
            title: "the manifest".to_owned(),
            span: 0..0,
            entries,
            asked: Vec::new(),
        }
    }

    /// The value of a key that may be absent.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.asked.push(key);
        let value = self.entries.get(key)?;
        Some(Value {
            place: format!("`{key}` in {}", self.title),
            span: value.span(),
            inner: value.get_ref(),
        })
    }

    /// The entries of a table whose keys are the user's own names, in the
    /// order of their lines.
    pub(super) fn named(self) -> Vec<Named<'a>> {
        let mut named: Vec<_> = self
            .entries
            .iter()
            .map(|(name, value)| Named {
                name: name.get_ref(),
                name_span: name.span(),
                value: Value {
                    place: format!("`{}` in {}", name.get_ref(), self.title),
                    span: value.span(),
                    inner: value.get_ref(),
                },
            })
            .collect();
        named.sort_by_key(|entry| entry.name_span.start);
        named
    }

    /// Ends the reading: a key that nobody took is unknown.
    pub(super) fn finish(self, problems: &mut Problems) {
        for (key, _) in self.entries {
            if !self.asked.contains(&key.get_ref().as_ref()) {
                let message = format!("unknown key `{}` in {}", key.get_ref(), self.title);
                problems.add(
                    Problem::new(key.span(), message)
                        .suggest(key.get_ref(), self.asked.iter().copied()),
                );
            }
        }
    }
}

impl<'a> Value<'a> {
    fn expected(&self, what: &str, problems: &mut Problems) {
        let found = match self.inner {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let message = format!("{} must be {what}, not {found}", self.place);
        problems.add(Problem::new(self.span.clone(), message));
    }

    /// The value as the parser gave it.
    pub(super) fn inner(&self) -> &'a DeValue<'a> {
        self.inner
    }

    /// Says that the value is wrong: "`threshold` in [compare] {what}".
    pub(super) fn wrong(&self, what: &str) -> Problem {
        Problem::new(self.span.clone(), format!("{} {what}", self.place))
    }

    pub(super) fn is_text(&self) -> bool {
        self.inner.is_str()
    }

    pub(super) fn is_table(&self) -> bool {
        self.inner.is_table()
    }

    pub(super) fn text(&self, problems: &mut Problems) -> Option<&'a str> {
        let text = self.inner.as_str();
        match text {
            None => self.expected("a text", problems),
            Some("") => problems.add(self.wrong("is empty")),
            Some(text) => return Some(text),
        }
        None
    }

    /// A text that may be empty.
    pub(super) fn any_text(&self, problems: &mut Problems) -> Option<&'a str> {
        let text = self.inner.as_str();
        if text.is_none() {
            self.expected("a text", problems);
        }
        text
    }

    pub(super) fn flag(&self, problems: &mut Problems) -> Option<bool> {
        let flag = self.inner.as_bool();
        if flag.is_none() {
            self.expected("true or false", problems);
        }
        flag
    }

    /// A whole number between two bounds, both of them allowed.
    pub(super) fn whole(&self, least: u64, most: u64, problems: &mut Problems) -> Option<u64> {
        let Some(number) = self.inner.as_integer() else {
            self.expected("a whole number", problems);
            return None;
        };
        let number = i128::from_str_radix(number.as_str(), number.radix()).ok();
        let fits = number.and_then(|n| u64::try_from(n).ok());
        let fits = fits.filter(|n| (least..=most).contains(n));
        if fits.is_none() {
            let bounds = match most {
                u64::MAX => format!("must be a whole number from {least}"),
                _ => format!("must be a whole number from {least} to {most}"),
            };
            problems.add(self.wrong(&bounds));
        }
        fits
    }

    /// A number between two bounds, both of them allowed.
    pub(super) fn number(&self, least: f64, most: f64, problems: &mut Problems) -> Option<f64> {
        let text = match self.inner {
            DeValue::Integer(number) => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => {
                self.expected("a number", problems);
                return None;
            }
        };
        let fits = text.parse().ok().filter(|n| (least..=most).contains(n));
        if fits.is_none() {
            problems.add(self.wrong(&format!("must be a number from {least} to {most}")));
        }
        fits
    }

    /// Any value, as JSON. A date is its text.
    pub(super) fn json(&self, problems: &mut Problems) -> Option<serde_json::Value> {
        let json = json(self.inner);
        if json.is_none() {
            problems.add(self.wrong("holds a number that JSON cannot say"));
        }
        json
    }

    pub(super) fn table(&self, problems: &mut Problems) -> Option<Table<'a>> {
        let Some(entries) = self.inner.as_table() else {
            self.expected("a table", problems);
            return None;
        };
        Some(Table {
            title: self.title(),
            span: self.span.clone(),
            entries,
            asked: Vec::new(),
        })
    }

    pub(super) fn list(&self, problems: &mut Problems) -> Option<Vec<Value<'a>>> {
        let Some(items) = self.inner.as_array() else {
            self.expected("a list", problems);
            return None;
        };
        let item = |item: &'a Spanned<DeValue<'a>>| Value {
            place: self.place.clone(),
            span: item.span(),
            inner: item.get_ref(),
        };
        Some(items.iter().map(item).collect())
    }

    /// A list of texts with their places.
    pub(super) fn texts(&self, problems: &mut Problems) -> Option<Vec<(&'a str, Value<'a>)>> {
        let items = self.list(problems)?;
        let text = |item: Value<'a>| Some((item.text(problems)?, item));
        Some(items.into_iter().filter_map(text).collect())
    }

    /// What a table at this place is called: a section by its header.
    fn title(&self) -> String {
        if self.place == "`request` in [[story]]" {
            return "[[story.request]]".to_owned();
        }
        match self.place.strip_suffix(" in the manifest") {
            Some(list @ ("`story`" | "`request`")) => format!("[[{}]]", list.trim_matches('`')),
            Some(section) => format!("[{}]", section.trim_matches('`')),
            None => self.place.clone(),
        }
    }
}

fn json(value: &DeValue<'_>) -> Option<serde_json::Value> {
    Some(match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .ok()?
            .into(),
        DeValue::Float(number) => {
            serde_json::Number::from_f64(number.as_str().parse().ok()?)?.into()
        }
        DeValue::Boolean(flag) => (*flag).into(),
        DeValue::Datetime(moment) => moment.to_string().into(),
        DeValue::Array(items) => items
            .iter()
            .map(|item| json(item.get_ref()))
            .collect::<Option<Vec<_>>>()?
            .into(),
        DeValue::Table(entries) => entries
            .iter()
            .map(|(name, value)| Some((name.get_ref().to_string(), json(value.get_ref())?)))
            .collect::<Option<serde_json::Map<_, _>>>()?
            .into(),
    })
}
