// Content that appears in view and hides again when the page is scrolled back,
// by scroll listeners or view timelines, is shown as it was in view.
const APPEARANCE = [
  'opacity', 'visibility', 'transform', 'translate', 'rotate', 'scale', 'filter', 'clip-path',
];

function visibleOpacity({ opacity, visibility }) {
  return visibility === 'hidden' ? 0 : Number(opacity);
}

function isInView(element) {
  const { top, bottom } = getRect(element);
  return bottom > 0 && top < getInnerHeight();
}

function isCompletelyInView(element) {
  const { top, bottom } = getRect(element);
  return top >= 0 && bottom <= getInnerHeight();
}

// Elements that are not opaque before the page is scrolled to them.
function faintElements() {
  const elements = findRoots().flatMap((root) => queryAll(root, '*'));
  const faint = elements.filter((element) => (
    visibleOpacity(getComputedStyle(element)) < 0.95 && !isCompletelyInView(element)
  ));
  return new Map(faint.map((element) => [element, null]));
}

function noteAppearances(faint) {
  for (const [element, seen] of faint) {
    if (!isInView(element)) continue;
    const style = getComputedStyle(element);
    if (visibleOpacity(style) < Number(seen?.opacity ?? 0.05)) continue;
    const values = APPEARANCE.map((property) => [property, style.getPropertyValue(property)]);
    faint.set(element, Object.fromEntries(values));
  }
}

function restoreAppearances(faint) {
  for (const [element, seen] of faint) {
    if (!seen || isCompletelyInView(element)) continue;
    if (visibleOpacity(getComputedStyle(element)) > Number(seen.opacity) - 0.05) continue;
    setStyle(element, 'transition', 'none');
    for (const [property, value] of Object.entries(seen)) setStyle(element, property, value);
  }
}
