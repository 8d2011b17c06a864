//! What is known of CSS properties: which are inherited, which move boxes, and
//! which belong to one shorthand.

/// Properties that children inherit.
const INHERITED: [&str; 38] = [
    "color",
    "visibility",
    "font-family",
    "font-size",
    "font-weight",
    "font-style",
    "font-stretch",
    "font-variant-caps",
    "font-variant-numeric",
    "font-variant-ligatures",
    "font-feature-settings",
    "letter-spacing",
    "word-spacing",
    "line-height",
    "text-align",
    "text-indent",
    "text-transform",
    "text-shadow",
    "white-space",
    "word-break",
    "overflow-wrap",
    "hyphens",
    "direction",
    "writing-mode",
    "accent-color",
    "-webkit-text-fill-color",
    "list-style-type",
    "list-style-position",
    "list-style-image",
    "border-collapse",
    "border-spacing",
    "caption-side",
    "empty-cells",
    "image-rendering",
    "fill",
    "stroke",
    "stroke-width",
    "text-anchor",
];

/// Beginnings of properties that change pixels but no boxes.
const PAINT_ONLY: [&str; 32] = [
    "color",
    "background",
    "box-shadow",
    "outline",
    "opacity",
    "visibility",
    "clip-path",
    "mask-image",
    "filter",
    "backdrop-filter",
    "mix-blend-mode",
    "text-decoration",
    "text-underline-offset",
    "text-shadow",
    "fill",
    "stroke",
    "stop-",
    "flood-",
    "image-rendering",
    "object-",
    "z-index",
    "accent-color",
    "border-top-left-radius",
    "border-top-right-radius",
    "border-bottom-left-radius",
    "border-bottom-right-radius",
    "border-radius",
    "border-image-source",
    "list-style-type",
    "list-style-image",
    "-webkit-text-fill-color",
    "empty-cells",
];

/// Properties that paint an element with its descendants as one group.
const GROUP: [&str; 12] = [
    "opacity",
    "visibility",
    "clip-path",
    "mask-image",
    "filter",
    "backdrop-filter",
    "mix-blend-mode",
    "transform",
    "translate",
    "rotate",
    "scale",
    "zoom",
];

/// Whether children inherit the property.
pub(super) fn is_inherited(property: &str) -> bool {
    INHERITED.contains(&property) || property.starts_with("--")
}

/// Whether a change of the property can move or resize boxes.
pub(super) fn moves_boxes(property: &str) -> bool {
    let is_border_paint = property.starts_with("border-")
        && (property.ends_with("-color") || property.ends_with("-style"));
    !is_border_paint && !PAINT_ONLY.iter().any(|start| property.starts_with(start))
}

/// Whether the property affects the descendants of an element in their own places.
pub(super) fn affects_group(property: &str) -> bool {
    GROUP.contains(&property)
}

/// Whether the property is painted around the content only: border, outline, or
/// shadow.
pub(super) fn is_frame(property: &str) -> bool {
    property.starts_with("outline") || property == "box-shadow" || is_border(property)
}

pub(super) fn is_border(property: &str) -> bool {
    property.starts_with("border")
        && !property.contains("radius")
        && !matches!(property, "border-collapse" | "border-spacing")
}

/// Whether the property only changes colours.
pub(super) fn is_colour(property: &str) -> bool {
    let ends = ["color", "fill", "stroke", "opacity", "fill-color"];
    ends.iter().any(|end| property.ends_with(end)) || property == "background"
}

/// The shorthand under which longhands of an element are told together.
pub(super) fn shorthand(property: &str) -> &str {
    for side in ["-top", "-right", "-bottom", "-left"] {
        for (stem, whole) in [("padding", "padding"), ("margin", "margin")] {
            if property.strip_prefix(stem) == Some(side) {
                return whole;
            }
        }
        if let Some(part) = property
            .strip_prefix("border")
            .and_then(|rest| rest.strip_prefix(side))
        {
            match part {
                "-width" => return "border-width",
                "-style" => return "border-style",
                "-color" => return "border-color",
                _ => {}
            }
        }
    }
    match property {
        _ if property.ends_with("-radius") => "border-radius",
        "overflow-x" | "overflow-y" => "overflow",
        "row-gap" | "column-gap" => "gap",
        "rx" | "ry" => "rx",
        _ => property,
    }
}

/// The order of the longhands of a shorthand with four sides.
pub(super) fn side(longhand: &str) -> Option<usize> {
    let corners = ["top-left", "top-right", "bottom-right", "bottom-left"];
    if longhand.ends_with("-radius") {
        return corners.iter().position(|corner| longhand.contains(corner));
    }
    let sides = ["-top", "-right", "-bottom", "-left"];
    sides.iter().position(|side| longhand.contains(side))
}

/// Whether a property of an element with this style paints nothing, whatever its
/// value is.
pub(super) fn is_unused<'a>(property: &str, style: impl Fn(&str) -> &'a str) -> bool {
    if let Some(side) = property
        .strip_prefix("border-")
        .and_then(|rest| rest.split_once('-'))
        .filter(|(_, part)| matches!(*part, "color" | "style"))
        .map(|(side, _)| side)
    {
        return style(&format!("border-{side}-width")) == "0px";
    }
    match property {
        "outline-color" | "outline-width" | "outline-offset" => style("outline-style") == "none",
        "text-decoration-color"
        | "text-decoration-style"
        | "text-decoration-thickness"
        | "text-underline-offset" => style("text-decoration-line") == "none",
        "background-position" | "background-size" | "background-repeat" | "background-origin" => {
            style("background-image") == "none"
        }
        "stroke-width" | "stroke-dasharray" | "stroke-dashoffset" | "stroke-linecap"
        | "stroke-linejoin" | "stroke-opacity" => style("stroke") == "none",
        "fill-opacity" | "fill-rule" => style("fill") == "none",
        "top" | "right" | "bottom" | "left" | "z-index" => style("position") == "static",
        _ => false,
    }
}
