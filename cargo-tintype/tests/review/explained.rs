//! A run with explained differences: the images have layout digests, so that the
//! server can verify the causes.

use serde_json::{Value, json};
use tintype::compare::{Region, encode_png};
use tintype::internals::baseline::with_digest;
use tintype::internals::explain::compress;
use tintype::internals::model::{Cause, CauseKind, Explanation, VisualTestResult};

use crate::project::{Project, RUN};

/// Its button has another colour.
pub(crate) const LIGHT: &str = "button::light::560x350";
/// The same change in another theme.
pub(crate) const DARK: &str = "button::dark::560x350";
/// Its button and its badge have other colours.
pub(crate) const BOTH: &str = "toolbar::light::560x350";
/// Recorded as explained, but the images show something else as well.
pub(crate) const FORGED: &str = "forged::light::560x350";
/// Its causes explain only a part of the difference.
pub(crate) const PARTLY: &str = "partly::light::560x350";

const RED: [u8; 3] = [255, 0, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const GREEN: [u8; 3] = [0, 128, 0];
const BUTTON: Region = Region {
    x: 389,
    y: 239,
    width: 141,
    height: 43,
};
const BADGE: Region = Region {
    x: 40,
    y: 30,
    width: 60,
    height: 20,
};
/// A place where no element is.
const BLANK: Region = Region {
    x: 200,
    y: 300,
    width: 120,
    height: 40,
};

fn css([r, g, b]: [u8; 3]) -> String {
    format!("rgb({r}, {g}, {b})")
}

/// A PNG of a page with coloured boxes, and its digest.
fn capture(button: [u8; 3], badge: [u8; 3], blank: [u8; 3]) -> Vec<u8> {
    let image = image::RgbaImage::from_fn(560, 350, |x, y| {
        let is_in = |region: Region| {
            (region.x..region.x + region.width).contains(&x)
                && (region.y..region.y + region.height).contains(&y)
        };
        let boxes = [(BUTTON, button), (BADGE, badge), (BLANK, blank)];
        let found = boxes.into_iter().find(|(region, _)| is_in(*region));
        let [r, g, b] = found.map_or([240; 3], |(_, colour)| colour);
        image::Rgba([r, g, b, 255])
    });
    let png = encode_png(&image).unwrap();
    let element = |parent: i64, tag: &str, class: &str, area: Region, style: usize| -> Value {
        let Region {
            x,
            y,
            width,
            height,
        } = area;
        json!([
            parent, tag, 1, "", class, "", "", "", x, y, width, height, style, "", "", ""
        ])
    };
    let page = Region {
        x: 0,
        y: 0,
        width: 560,
        height: 350,
    };
    let document = json!({
        "version": 1,
        "properties": ["display", "background-color"],
        "values": ["block", "rgba(0, 0, 0, 0)", css(button), css(badge)],
        "styles": ["0:0,1:1", "0:0,1:2", "0:0,1:3"],
        "elements": [
            element(-1, "html", "", page, 0),
            element(0, "body", "", page, 0),
            element(1, "div", "btn", BUTTON, 1),
            element(1, "p", "badge", BADGE, 2),
        ],
        "fonts": [],
    });
    let digest = compress(&document.to_string());
    with_digest(&png, Some(&digest.unwrap())).into_owned()
}

fn cause(class: &str, to: [u8; 3], pixels: u64) -> Cause {
    let text = |text: &str| Some(text.to_owned());
    let mut cause = Cause::new(
        CauseKind::Style,
        text(class),
        text("background-color"),
        Some(css(RED)),
        Some(css(to)),
    );
    (cause.elements, cause.pixels) = (1, pixels);
    cause
}

/// The other colour of buttons.
pub(crate) fn button_cause() -> Cause {
    cause(".btn", BLUE, u64::from(BUTTON.width * BUTTON.height))
}

/// The other colour of badges.
pub(crate) fn badge_cause() -> Cause {
    cause(".badge", GREEN, u64::from(BADGE.width * BADGE.height))
}

fn result(project: &Project, name: &str) -> VisualTestResult {
    let is_both = name == BOTH;
    let blank = if [FORGED, PARTLY].contains(&name) {
        [0; 3]
    } else {
        [240; 3]
    };
    let badge = if is_both { GREEN } else { RED };
    let old = capture(RED, RED, [240; 3]);
    let mut result = project.failed(RUN, name, &old, &capture(BLUE, badge, blank));
    result.regions = vec![BUTTON];
    result.regions.extend(is_both.then_some(BADGE));
    result.diff_ratio = Some(0.03);
    let causes = [button_cause()].into_iter();
    result.explanation = Some(Explanation {
        explained_ratio: if name == PARTLY { 0.56 } else { 1.0 },
        causes: causes.chain(is_both.then(badge_cause)).collect(),
    });
    result
}

impl Project {
    /// The recorded project, with differences by two causes in its run.
    pub(crate) async fn explained() -> Self {
        let project = Self::recorded().await;
        let names = [LIGHT, DARK, BOTH, FORGED, PARTLY];
        let results = names.map(|name| result(&project, name));
        project.add_results(RUN, &results).await;
        project
    }
}
