//! Reads TOML tables key by key and collects every error.
//!
//! Serde stops at the first error, but a person who edits a manifest wants to
//! see all of them. So the parsed table is read by hand: each key is taken
//! once, and keys that were not taken are unknown.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Problem;

/// Longer strings are not repeated in messages.
const MAX_SHOWN: usize = 60;

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }
}

/// A value and its place in messages.
#[derive(Clone, Debug)]
pub(super) struct Value<'a> {
    /// `` `threshold` in [compare] ``
    pub(super) place: String,
    pub(super) span: Range<usize>,
    inner: &'a DeValue<'a>,
}

/// An entry of a table whose keys are the user's own names.
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
    taken: Vec<&'static str>,
}

impl<'a> Table<'a> {
    pub(super) fn document(entries: &'a DeTable<'a>) -> Self {
        Self {
            title: "the manifest".to_owned(),
            span: 0..0,
            entries,
            taken: Vec::new(),
        }
    }

    /// Takes the value of a key that may be absent.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.taken.push(key);
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

    /// Reports the keys that were not taken as unknown.
    pub(super) fn finish(self, problems: &mut Problems) {
        for (key, _) in self.entries {
            if !self.taken.contains(&key.get_ref().as_ref()) {
                let message = format!("unknown key `{}` in {}", key.get_ref(), self.title);
                problems.add(
                    Problem::new(key.span(), message)
                        .suggest(key.get_ref(), self.taken.iter().copied()),
                );
            }
        }
    }
}

impl<'a> Value<'a> {
    /// The problem of a value of another type or out of its range:
    /// "`threshold` in [compare]: expected {expected}, found 2".
    pub(super) fn expected(&self, expected: &str) -> Problem {
        let message = format!(
            "{}: expected {expected}, found {}",
            self.place,
            self.found()
        );
        Problem::new(self.span.clone(), message)
    }

    fn found(&self) -> String {
        match self.inner {
            DeValue::String(text) if text.is_empty() => "an empty string".to_owned(),
            DeValue::String(text) if text.len() <= MAX_SHOWN => format!("{text:?}"),
            DeValue::String(_) => "another string".to_owned(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Boolean(flag) => flag.to_string(),
            DeValue::Datetime(moment) => moment.to_string(),
            DeValue::Array(items) if items.is_empty() => "an empty array".to_owned(),
            DeValue::Array(_) => "an array".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        }
    }

    /// The parsed value.
    pub(super) fn inner(&self) -> &'a DeValue<'a> {
        self.inner
    }

    /// The problem with a value: "`threshold` in [compare] {what}".
    pub(super) fn wrong(&self, what: &str) -> Problem {
        Problem::new(self.span.clone(), format!("{} {what}", self.place))
    }

    pub(super) fn is_text(&self) -> bool {
        self.inner.is_str()
    }

    pub(super) fn is_table(&self) -> bool {
        self.inner.is_table()
    }

    /// A string that is not empty.
    pub(super) fn text(&self, problems: &mut Problems) -> Option<&'a str> {
        let text = self.inner.as_str().filter(|text| !text.is_empty());
        self.or_expected(text, "a string", problems)
    }

    /// A string that may be empty.
    pub(super) fn any_text(&self, problems: &mut Problems) -> Option<&'a str> {
        self.or_expected(self.inner.as_str(), "a string", problems)
    }

    pub(super) fn flag(&self, problems: &mut Problems) -> Option<bool> {
        self.or_expected(self.inner.as_bool(), "true or false", problems)
    }

    /// An integer between two bounds, both inclusive.
    pub(super) fn whole(&self, min: u64, max: u64, problems: &mut Problems) -> Option<u64> {
        let number = self.inner.as_integer();
        let number = number.and_then(|n| i128::from_str_radix(n.as_str(), n.radix()).ok());
        let number = number.and_then(|n| u64::try_from(n).ok());
        let number = number.filter(|n| (min..=max).contains(n));
        let expected = match max {
            u64::MAX => format!("an integer of at least {min}"),
            _ => format!("an integer from {min} to {max}"),
        };
        self.or_expected(number, &expected, problems)
    }

    /// A number between two bounds, both inclusive.
    pub(super) fn number(&self, min: f64, max: f64, problems: &mut Problems) -> Option<f64> {
        let text = match self.inner {
            DeValue::Integer(number) => Some(number.as_str()),
            DeValue::Float(number) => Some(number.as_str()),
            _ => None,
        };
        let number = text.and_then(|text| text.parse().ok());
        let number = number.filter(|n| (min..=max).contains(n));
        self.or_expected(number, &format!("a number from {min} to {max}"), problems)
    }

    /// The value that was read, otherwise a problem.
    fn or_expected<T>(
        &self,
        value: Option<T>,
        expected: &str,
        problems: &mut Problems,
    ) -> Option<T> {
        if value.is_none() {
            problems.add(self.expected(expected));
        }
        value
    }

    /// Any value as JSON. A date becomes its text.
    pub(super) fn json(&self, problems: &mut Problems) -> Option<serde_json::Value> {
        let json = json(self.inner);
        if json.is_none() {
            problems.add(self.wrong("contains a number that JSON cannot represent"));
        }
        json
    }

    pub(super) fn table(&self, problems: &mut Problems) -> Option<Table<'a>> {
        let entries = self.or_expected(self.inner.as_table(), "a table", problems)?;
        Some(Table {
            title: self.title(),
            span: self.span.clone(),
            entries,
            taken: Vec::new(),
        })
    }

    pub(super) fn list(&self, problems: &mut Problems) -> Option<Vec<Value<'a>>> {
        let items = self.or_expected(self.inner.as_array(), "an array", problems)?;
        let item = |item: &'a Spanned<DeValue<'a>>| Value {
            place: self.item_place(),
            span: item.span(),
            inner: item.get_ref(),
        };
        Some(items.iter().map(item).collect())
    }

    /// An array of strings with their places.
    pub(super) fn texts(&self, problems: &mut Problems) -> Option<Vec<(&'a str, Value<'a>)>> {
        let items = self.list(problems)?;
        let text = |item: Value<'a>| Some((item.text(problems)?, item));
        Some(items.into_iter().filter_map(text).collect())
    }

    /// The name of a table at this place: that of a section is its header.
    fn title(&self) -> String {
        let Some((key, parent)) = self.place.split_once(" in ") else {
            return self.place.clone();
        };
        let key = key.trim_matches('`');
        let section = parent.strip_prefix('[').and_then(|p| p.strip_suffix(']'));
        match section.filter(|section| !section.starts_with('[')) {
            Some(section) => format!("[{section}.{key}]"),
            None if parent == "the manifest" => format!("[{key}]"),
            None => self.place.clone(),
        }
    }

    /// The place of an item of this array.
    fn item_place(&self) -> String {
        match self.place.as_str() {
            "`story` in the manifest" => "[[story]]".to_owned(),
            "`quarantine` in the manifest" => "[[quarantine]]".to_owned(),
            "`request` in the manifest" => "[[request]]".to_owned(),
            "`alert` in the manifest" => "[[alert]]".to_owned(),
            "`request` in [[story]]" => "[[story.request]]".to_owned(),
            place => place.to_owned(),
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
