//! `[device]`, and the same keys of themes and stories.

use crate::manifest::reader::{Problems, Table, Value};
use crate::manifest::types::{Contrast, Device, Medium};
use crate::manifest::values::one_of;

/// Takes the device keys of a table that has other keys too.
pub(super) fn take(table: &mut Table<'_>, problems: &mut Problems) -> Device {
    let contrasts = [Contrast::More, Contrast::Less, Contrast::NoPreference]
        .map(|contrast| (contrast.as_str(), contrast));
    let media = [Medium::Screen, Medium::Print].map(|medium| (medium.as_str(), medium));
    let (agent, locale) = (table.take("user-agent"), table.take("locale"));
    let (zone, motion) = (table.take("timezone"), table.take("reduced-motion"));
    let (colours, contrast) = (table.take("forced-colors"), table.take("contrast"));
    let medium = table.take("media");
    let agent = agent.and_then(|v| v.text(problems));
    let zone = zone.and_then(|v| v.text(problems));
    Device {
        user_agent: agent.map(str::to_owned),
        locale: locale.and_then(|v| self::locale(&v, problems)),
        time_zone: zone.map(str::to_owned),
        reduced_motion: motion.and_then(|v| v.flag(problems)),
        forced_colors: colours.and_then(|v| v.flag(problems)),
        contrast: contrast.and_then(|v| one_of(&v, &contrasts, problems)),
        medium: medium.and_then(|v| one_of(&v, &media, problems)),
    }
}

/// Reads a table that has only device keys.
pub(super) fn read(value: Option<Value<'_>>, problems: &mut Problems) -> Device {
    let Some(mut table) = value.and_then(|value| value.table(problems)) else {
        return Device::default();
    };
    let device = take(&mut table, problems);
    table.finish(problems);
    device
}

/// A language tag: `de`, `de-AT`, `zh-Hant-TW`.
fn locale(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    let text = value.text(problems)?;
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = (2..=3).contains(&language.len()) && only_letters(language);
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    if !is_language || !parts.all(is_part) {
        let problem = value.expected("a language tag");
        problems.add(problem.help("examples are \"en\", \"de-AT\" and \"zh-Hant-TW\""));
        return None;
    }
    Some(text.to_owned())
}

fn only_letters(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphabetic())
}
