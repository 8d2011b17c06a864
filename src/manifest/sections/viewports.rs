//! `[viewports]`: the viewports in which stories are shown.

use crate::manifest::reader::{Problems, Table, Value};
use crate::manifest::types::Screen;
use crate::manifest::values::{self, MAX_SIDE, parse_screen};
use crate::model::Viewport;

/// The viewports by name, in the order of their lines.
pub(in crate::manifest) struct Viewports {
    pub(in crate::manifest) screens: Vec<(String, Screen)>,
    /// Whether a viewport of the manifest is invalid, which is reported
    /// already.
    pub(in crate::manifest) has_invalid: bool,
}

/// Reads `[viewports]`. Without any, there is `desktop` with 1280x720.
pub(super) fn viewports(value: Option<Value<'_>>, problems: &mut Problems) -> Viewports {
    let table = value.and_then(|value| value.table(problems));
    let entries: Vec<_> = table.map(Table::named).into_iter().flatten().collect();
    let mut screens = Vec::with_capacity(entries.len());
    for entry in &entries {
        let screen = screen(&entry.value, problems);
        screens.extend(screen.map(|screen| (entry.name.to_owned(), screen)));
    }
    let has_invalid = screens.len() < entries.len();
    if screens.is_empty() {
        let viewport = Viewport {
            width: 1280,
            height: 720,
        };
        let screen = Screen {
            viewport,
            scale: 1.0,
            mobile: false,
            touch: false,
        };
        screens.push(("desktop".to_owned(), screen));
    }
    Viewports {
        screens,
        has_invalid,
    }
}

fn screen(value: &Value<'_>, problems: &mut Problems) -> Option<Screen> {
    if !value.is_table() {
        let screen = value.inner().as_str().and_then(parse_screen);
        if screen.is_none() {
            let problem = value.expected(
                "a viewport such as \"375x667\", \"375x667@2x\" or { width = 375, height = 667 }",
            );
            problems.add(problem.help(format!("the longest side is {MAX_SIDE} pixels")));
        }
        return screen;
    }
    let mut table = value.table(problems)?;
    let (width, height) = (table.take("width"), table.take("height"));
    let scale = table.take("scale");
    let mobile = table.take("mobile").and_then(|v| v.flag(problems));
    let touch = table.take("touch").and_then(|v| v.flag(problems));
    table.finish(problems);
    if width.is_none() || height.is_none() {
        problems.add(value.wrong("needs both `width` and `height`"));
    }
    let mut side = |side: Option<Value<'_>>| {
        let pixels = side?.whole(1, MAX_SIDE.into(), problems)?;
        u32::try_from(pixels).ok()
    };
    let viewport = side(width).zip(side(height));
    let scale = match scale {
        Some(scale) => values::scale(&scale, problems)?,
        None => 1.0,
    };
    viewport.map(|(width, height)| Screen {
        viewport: Viewport { width, height },
        scale,
        mobile: mobile.unwrap_or(false),
        touch: touch.unwrap_or(false),
    })
}
