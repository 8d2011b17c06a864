//! `after` and `lock`: what a story waits for.

use std::sync::Arc;

use crate::manifest::reader::{Problems, Value};
use crate::manifest::types::{Dependency, StoryLock};

/// What a name of a lock or of a sync point consists of.
pub(super) const NAME: &str = "letters, digits, `.`, `_` and `-`";

/// Reads `after` of a story. Whether the stories exist is checked once all of
/// them are known.
pub(super) fn after(value: Option<Value<'_>>, problems: &mut Problems) -> Vec<Dependency> {
    let mut after: Vec<Dependency> = Vec::new();
    let texts = value.and_then(|value| value.texts(problems));
    for (story, place) in texts.into_iter().flatten() {
        if after.iter().any(|known| known.story == story) {
            problems.add(place.wrong(&format!("lists `{story}` twice")));
            continue;
        }
        after.push(Dependency {
            story: story.to_owned(),
            declared: place.span,
        });
    }
    after
}

/// Reads `lock` of `[stories]` or of a story: a name, a name with a number of
/// slots, or `false`.
pub(super) fn lock(
    value: Option<&Value<'_>>,
    base: Option<&Arc<StoryLock>>,
    problems: &mut Problems,
) -> Option<Arc<StoryLock>> {
    let Some(value) = value else {
        return base.cloned();
    };
    if value.is_text() {
        let name = name(value, problems)?;
        return Some(Arc::new(StoryLock { name, slots: 1 }));
    }
    if value.inner().as_bool() == Some(false) {
        return None;
    }
    if !value.is_table() {
        problems.add(value.expected("the name of a lock, { name = \"…\", slots = 4 }, or false"));
        return None;
    }
    let mut table = value.table(problems)?;
    let (named, slots) = (table.take("name"), table.take("slots"));
    table.finish(problems);
    if named.is_none() {
        problems.add(value.wrong("is missing the key `name`"));
    }
    let slots = match slots {
        Some(slots) => slots.whole(1, StoryLock::MAX_SLOTS.into(), problems)?,
        None => 1,
    };
    Some(Arc::new(StoryLock {
        name: name(&named?, problems)?,
        slots: u32::try_from(slots).ok()?,
    }))
}

/// The name of a lock or of a sync point.
pub(super) fn name(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    let text = value.text(problems)?;
    if !StoryLock::is_name(text) {
        problems.add(value.expected(NAME));
        return None;
    }
    Some(text.to_owned())
}
