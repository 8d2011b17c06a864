//! Args and globals in the form of a URL: `label:Save+it;size:2;on:!true`.
//!
//! Storybook accepts only safe values from a URL, and drops others with a
//! message in the console. They are errors here.

use toml::de::{DeTable, DeValue};

use crate::manifest::reader::{Problems, Value};

/// The accepted values.
const SAFE: &str = "Storybook accepts letters, digits, spaces, `_` and `-`, numbers, and colours \
                    such as #1458c8 and rgba(20, 88, 200, 0.5) in a URL; export another story \
                    for other values";

/// The value of the URL parameter `args` of a story.
pub(in crate::manifest) fn args(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    parameter(value, problems)
}

/// The value of the URL parameter `globals` of a theme.
pub(in crate::manifest) fn globals(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    parameter(value, problems)
}

fn parameter(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    // Reports other types.
    value.table(problems)?;
    let mut parts = Vec::new();
    match fields("", value.inner().as_table()?, &mut parts) {
        Ok(()) => Some(parts.join(";")),
        Err(fault) => {
            let mut at = value.clone();
            at.span = fault.span;
            problems.add(at.wrong(&fault.message).help(SAFE));
            None
        }
    }
}

struct InvalidField {
    message: String,
    span: std::ops::Range<usize>,
}

/// The fields of a table, in the order of their lines.
fn fields(prefix: &str, table: &DeTable<'_>, parts: &mut Vec<String>) -> Result<(), InvalidField> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    for (name, value) in entries {
        let key = name.get_ref();
        if key.is_empty() || !key.chars().all(is_plain) {
            return Err(InvalidField {
                message: format!("contains the name `{key}`, which Storybook does not accept"),
                span: name.span(),
            });
        }
        let key = key.replace(' ', "+");
        let place = match prefix {
            "" => key,
            prefix => format!("{prefix}.{key}"),
        };
        field(&place, value.get_ref(), &value.span(), parts)?;
    }
    Ok(())
}

fn field(
    place: &str,
    value: &DeValue<'_>,
    span: &std::ops::Range<usize>,
    parts: &mut Vec<String>,
) -> Result<(), InvalidField> {
    let fault = |message: String| InvalidField {
        message,
        span: span.clone(),
    };
    let text = match value {
        DeValue::Table(table) => return fields(place, table, parts),
        DeValue::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                field(
                    &format!("{place}[{at}]"),
                    item.get_ref(),
                    &item.span(),
                    parts,
                )?;
            }
            return Ok(());
        }
        DeValue::Boolean(flag) => format!("!{flag}"),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_err(|_| fault("contains a number that is too large".to_owned()))?
            .to_string(),
        DeValue::Float(number) => {
            let number: Option<f64> = number.as_str().parse().ok().filter(|n: &f64| n.is_finite());
            number
                .ok_or_else(|| fault("contains an invalid number".to_owned()))?
                .to_string()
        }
        DeValue::Datetime(moment) => format!("!date({moment})").replace('+', "%2B"),
        DeValue::String(text) => encoded(text).ok_or_else(|| {
            fault(format!(
                "contains the text \"{text}\", which Storybook does not accept"
            ))
        })?,
    };
    parts.push(format!("{place}:{text}"));
    Ok(())
}

/// A text in the form of a URL, if Storybook accepts it.
fn encoded(text: &str) -> Option<String> {
    if text.chars().all(is_plain) {
        return Some(text.replace(' ', "+"));
    }
    if let Some(digits) = text.strip_prefix('#') {
        let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        return (hex && matches!(digits.len(), 3 | 4 | 6 | 8)).then(|| format!("!hex({digits})"));
    }
    if is_number(text) {
        return Some(text.to_owned());
    }
    is_colour(text).then(|| format!("!{}", text.replace([' ', '%'], "")))
}

/// `[a-zA-Z0-9 _-]`
fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, ' ' | '_' | '-')
}

/// `-?[0-9]+(\.[0-9]+)?`
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    match text.split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part),
        None => digits(text),
    }
}

/// `rgb(1, 2, 3)`, `rgba(1, 2, 3, 0.5)`, `hsl(1, 2%, 3%)`, `hsla(1, 2%, 3%, 0.5)`
fn is_colour(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let Some((kind, rest)) = lower.split_once('(') else {
        return false;
    };
    let Some(inner) = rest.strip_suffix(')') else {
        return false;
    };
    let parts: Vec<&str> = inner.split(',').map(str::trim).collect();
    let count = match kind {
        "rgb" | "hsl" => 3,
        "rgba" | "hsla" => 4,
        _ => return false,
    };
    let number = |part: &&str| is_number(part.trim_end_matches('%')) && !part.starts_with('-');
    parts.len() == count && parts.iter().all(number)
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::{args, globals};
    use crate::manifest::reader::{Problems, Table};

    fn encode(table: &str) -> Result<String, String> {
        let source = format!("args = {table}");
        let document = DeTable::parse(&source).unwrap();
        let mut problems = Problems::default();
        let value = Table::document(document.get_ref()).take("args").unwrap();
        let text = args(&value, &mut problems);
        assert_eq!(text, globals(&value, &mut Problems::default()));
        text.ok_or_else(|| problems.0[0].message.clone())
    }

    /// What Storybook 10's own `buildArgsParam` gives for the same values.
    #[test]
    fn values_are_written_as_storybook_writes_them() {
        for (table, wanted) in [
            (r#"{ label = "Save it", size = 2 }"#, "label:Save+it;size:2"),
            ("{ on = true, off = false }", "on:!true;off:!false"),
            ("{ ratio = 0.5, less = -3 }", "ratio:0.5;less:-3"),
            (r#"{ a = { b = "x", c = { d = 1 } } }"#, "a.b:x;a.c.d:1"),
            (r#"{ list = ["x", "y"] }"#, "list[0]:x;list[1]:y"),
            (r##"{ colour = "#1458c8" }"##, "colour:!hex(1458c8)"),
            (
                r#"{ c = "rgba(20, 88, 200, 0.5)" }"#,
                "c:!rgba(20,88,200,0.5)",
            ),
            (r#"{ c = "hsl(20, 88%, 20%)" }"#, "c:!hsl(20,88,20)"),
            (r#"{ empty = "", text = "1.50" }"#, "empty:;text:1.50"),
            (
                "{ day = 2026-01-02T03:04:05Z }",
                "day:!date(2026-01-02T03:04:05Z)",
            ),
        ] {
            assert_eq!(encode(table).as_deref(), Ok(wanted), "{table}");
        }
    }

    #[test]
    fn what_storybook_would_drop_is_refused() {
        for table in [
            r#"{ label = "Save & close" }"#,
            r##"{ label = "#12" }"##,
            r#"{ "a.b" = 1 }"#,
            r#"{ deep = { list = ["ok", "no;"] } }"#,
            "{ n = inf }",
            r#"{ c = "rgb(1, 2)" }"#,
        ] {
            assert!(encode(table).is_err(), "{table}");
        }
    }
}
