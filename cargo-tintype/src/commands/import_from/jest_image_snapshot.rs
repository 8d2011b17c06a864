//! Converts `toMatchImageSnapshot` of jest-image-snapshot, with Puppeteer or
//! Playwright.

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

use super::node::{Shot, evaluate};
use super::shots;
use super::suite::{ImportedSuite, split_address};

/// The viewport of Puppeteer.
const VIEWPORT: &str = "800x600";

pub(super) fn convert(suite: &mut ImportedSuite) -> Result<()> {
    let recorded = evaluate(suite, "jest-image-snapshot", None)?;
    let urls = recorded.shots.iter().filter_map(|shot| shot.url.as_deref());
    let base = urls
        .filter_map(|url| Some(split_address(url)?.0.to_owned()))
        .next();
    let Some(base) = base else {
        bail!("no test opens a page with its address and takes a screenshot of it");
    };
    suite.set("stories", "url", base.as_str());
    suite.set(
        "viewports",
        "desktop",
        json!({ "width": 800, "height": 600 }),
    );
    // Pixels as pixelmatch 7 counts them.
    for (key, value) in [
        ("metric", json!("yiq")),
        ("threshold", json!(0.01)),
        ("antialiasing", json!("ignore")),
    ] {
        suite.set("compare", key, value);
    }
    for shot in &recorded.shots {
        add(suite, shot, &base);
    }
    Ok(())
}

fn add(suite: &mut ImportedSuite, shot: &Shot, base: &str) {
    let whole_page = shot.options.get("fullPage") == Some(&json!(true));
    let Some((mut story, size)) = shots::story(suite, shot, Some(base), whole_page) else {
        return;
    };
    let limits = limits(suite, shot);
    if !limits.is_empty() {
        story.insert("compare".to_owned(), limits.into());
    }
    let id = suite.add(&shots::id(shot), story);
    let test = Path::new(&shot.file);
    let file_name = test.file_name().unwrap_or_default().to_string_lossy();
    let stem = match shot.name.as_str() {
        Some(name) => name.to_owned(),
        None => {
            let name = format!("{file_name}-{}-{}", shot.titles.join(" "), shot.index);
            format!("{}-snap", kebab_case(&name))
        }
    };
    let folder = suite.folder.join(test.parent().unwrap_or(Path::new("")));
    let folder = match shot
        .options
        .get("customSnapshotsDir")
        .and_then(Value::as_str)
    {
        Some(folder) => suite.folder.join(folder),
        None => folder.join("__image_snapshots__"),
    };
    let file = folder.join(format!("{stem}.png"));
    if !file.is_file() {
        suite.note(format!(
            "{}: there is no picture {}",
            shot.file,
            file.display()
        ));
    }
    suite.picture(file, &id, "light", size.as_deref().unwrap_or(VIEWPORT));
}

fn limits(suite: &mut ImportedSuite, shot: &Shot) -> Map<String, Value> {
    let options = Value::Object(shot.options.clone());
    let mut limits = Map::new();
    if options["customDiffConfig"]["threshold"].is_number() {
        limits.insert(
            "threshold".to_owned(),
            options["customDiffConfig"]["threshold"].clone(),
        );
    }
    if let Some(limit) = options["failureThreshold"]
        .as_f64()
        .filter(|limit| *limit > 0.0)
    {
        match options["failureThresholdType"].as_str() {
            Some("percent") => limits.insert("max-diff-ratio".to_owned(), json!(limit)),
            #[expect(clippy::cast_possible_truncation, reason = "a number of pixels")]
            _ => limits.insert("max-diff-pixels".to_owned(), json!(limit as i64)),
        };
    }
    for key in ["blur", "comparisonMethod", "allowSizeMismatch"] {
        if !options[key].is_null() && options[key] != "pixelmatch" && options[key] != false {
            suite.note(format!("{}: the option {key}", shot.file));
        }
    }
    limits
}

/// A name as lodash's `kebabCase` writes it: words of letters or of digits.
fn kebab_case(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (index, c) in characters.iter().enumerate() {
        if *c == '\'' {
            continue;
        }
        if !c.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = index.checked_sub(1).and_then(|index| characters.get(index));
        let after = characters.get(index + 1);
        let starts = before.is_none_or(|before| {
            before.is_ascii_digit() != c.is_ascii_digit()
                || (c.is_uppercase()
                    && (before.is_lowercase() || after.is_some_and(|after| after.is_lowercase())))
        });
        if starts || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::kebab_case;

    /// The expected names are those of lodash 4.17.
    #[test]
    fn names_are_those_of_lodash() {
        for (text, expected) in [
            (
                "landing.test.js-the page looks right-1",
                "landing-test-js-the-page-looks-right-1",
            ),
            (
                "Button.spec.tsx-Menu 2nd open-1",
                "button-spec-tsx-menu-2-nd-open-1",
            ),
            ("fooBar XMLHttp a1", "foo-bar-xml-http-a-1"),
            ("it's", "its"),
        ] {
            assert_eq!(kebab_case(text), expected, "{text}");
        }
    }
}
