//! Takes the layout digest of a page, for explaining a difference.

use std::time::Instant;

use super::first_look::FirstLook;
use super::session_page::SessionPage;
use super::settle::Capture;
use crate::browser::BrowserError;
use crate::explain::{DeclaringRule, DeclaringRules, PagePair, changed_properties, compress};
use crate::files;
use crate::manifest::Source;
use crate::model::CauseSource;
use crate::plan::Snapshot;

/// The most properties whose rules are looked up.
const MAX_PROPERTIES: usize = 60;
/// The longest selector of a rule that names a cause, in bytes.
const MAX_SELECTOR: usize = 100;
/// The largest file that is searched for a rule, in bytes.
const MAX_FILE: u64 = 4 << 20;

/// Takes the layout digest of a page that has just been captured, and the rules of
/// what differs from that of the baseline. Without them, a difference is not
/// explained as well, which is no failure.
pub(super) async fn take_digest(
    page: &SessionPage,
    snapshot: &Snapshot,
    look: &FirstLook,
    capture: &mut Capture,
) -> Result<(), BrowserError> {
    if !page.site.manifest.takes_digest {
        return Ok(());
    }
    match try_take(page, snapshot, look, capture).await {
        Err(error) if error.is_fatal() => Err(error),
        Err(error) => {
            tracing::debug!(%error, "no layout digest was taken");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

async fn try_take(
    page: &SessionPage,
    snapshot: &Snapshot,
    look: &FirstLook,
    capture: &mut Capture,
) -> Result<(), BrowserError> {
    let settings = &snapshot.story.capture;
    let begun = Instant::now();
    let json = page
        .browser
        .layout_digest(settings, snapshot.screen)
        .await?;
    capture.digest = json.and_then(|json| compress(&json));
    let bytes = capture.digest.as_ref().map_or(0, Vec::len);
    tracing::debug!(
        ms = begun.elapsed().as_millis(),
        bytes,
        "took the layout digest"
    );

    let baseline = look.baseline.baseline();
    let old = baseline.and_then(|baseline| baseline.digest.as_ref());
    let pages = old.zip(capture.digest.as_ref());
    capture.pages = pages.and_then(|(old, new)| PagePair::read(old, new));
    let pages = capture.pages.as_ref();
    let mut properties = pages.map_or_else(Vec::new, changed_properties);
    properties.truncate(MAX_PROPERTIES);
    if properties.is_empty() {
        return Ok(());
    }
    let found = page.browser.declaring_rules(&properties).await?;
    let found = properties.into_iter().zip(found);
    let rules = found.filter_map(|(property, rule)| {
        let rule = rule.filter(|rule| rule.selector.len() <= MAX_SELECTOR)?;
        let place = rule.place.clone();
        let source = place.or_else(|| source(page, &rule.file, &rule.selector));
        let selector = rule.selector;
        Some((property, DeclaringRule { selector, source }))
    });
    capture.rules = rules.collect::<DeclaringRules>();
    Ok(())
}

/// The file of a rule. Its line is known if the file is in the folder of the
/// stories and has the selector once.
fn source(page: &SessionPage, path: &str, selector: &str) -> Option<CauseSource> {
    let file = path.trim_start_matches('/').to_owned();
    if file.is_empty() {
        return None;
    }
    let place = match &page.site.manifest.source {
        Source::Dir(dir) if !file.contains("..") => {
            let bytes = files::read(&dir.join(&file), MAX_FILE).ok();
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            text.and_then(|text| only_place(&text, selector))
        }
        _ => None,
    };
    Some(CauseSource {
        file,
        line: place.map(|(line, _)| line),
        column: place.map(|(_, column)| column),
    })
}

/// Line and column of the only rule with a selector, from 1.
fn only_place(text: &str, selector: &str) -> Option<(u32, u32)> {
    let mut places = text.match_indices(selector).filter(|(at, _)| {
        let after = text[at + selector.len()..].trim_start();
        let before = text[..*at].trim_end();
        let begins = before.is_empty() || before.ends_with(['{', '}', ';', '>', '/']);
        after.starts_with('{') && begins
    });
    let (at, _) = places.next()?;
    if places.next().is_some() {
        return None;
    }
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before[start..].chars().count() + 1;
    Some((u32::try_from(line).ok()?, u32::try_from(column).ok()?))
}

#[cfg(test)]
mod tests {
    use super::only_place;

    #[test]
    fn a_rule_has_a_place_if_its_selector_is_unique() {
        let text = "<style>\n  .a { color: red }\n  .b .a { top: 0 } .c{}\n</style>";
        assert_eq!(only_place(text, ".a"), Some((2, 3)));
        assert_eq!(only_place(text, ".b .a"), Some((3, 3)));
        assert_eq!(only_place(text, ".c"), Some((3, 20)));
        assert_eq!(only_place(text, ".d"), None);
        assert_eq!(only_place(".a {} .a {}", ".a"), None);
    }
}
