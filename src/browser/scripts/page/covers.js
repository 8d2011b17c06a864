// What covers an element: opaque elements that are painted over it.

// The parts of an area of the element that nothing covers.
function uncoveredParts(element, area) {
  const target = inDocument(element);
  const isOnTop = ({ x, y }) => {
    const first = elementFromPoint(document, x, y);
    return !first || contains(target, first);
  };
  if (samplePoints(area, 3).every(isOnTop)) return [area];
  const points = samplePoints(area, 12)
    .map((point) => ({ ...point, above: elementsAbove(target, point) }))
    .filter(({ above }) => above);
  const candidates = Array.from(new Set(points.flatMap(({ above }) => above)));
  const covers = candidates.filter(isOpaque).flatMap((cover) => {
    const rects = coverRects(cover);
    const within = points.filter((point) => rects.some((rect) => isIn(point, rect)));
    return within.every(({ above }) => above.includes(cover)) ? rects : [];
  });
  return covers.reduce((parts, cover) => parts.flatMap((part) => subtract(part, cover)), [area]);
}

// The element of the document that stands for one in a shadow root.
function inDocument(element) {
  let one = element;
  for (let { host } = one.getRootNode(); host; { host } = one.getRootNode()) one = host;
  return one;
}

// At most this many places in each direction all over an area, also near its edges.
function samplePoints({ left, top, right, bottom }, most) {
  const places = (from, to) => {
    const count = Math.min(most, Math.max(2, Math.round((to - from) / 8)));
    const step = (to - from - 1) / (count - 1);
    return Array.from({ length: count }, (_, index) => from + 0.5 + index * step);
  };
  return places(left, right).flatMap((x) => places(top, bottom).map((y) => ({ x, y })));
}

// The elements above another one, or null where that one is not found: out of the
// viewport, or if it lets the pointer through.
function elementsAbove(target, { x, y }) {
  const all = Array.from(elementsFromPoint(x, y));
  const place = all.findIndex((one) => contains(target, one));
  return place < 0 ? null : all.slice(0, place);
}

function isOpaque(element) {
  const { backgroundColor, backgroundClip } = getComputedStyle(element);
  if (/^rgba|\/|transparent/.test(backgroundColor) || backgroundClip !== 'border-box') return false;
  for (let outer = element; outer; outer = flatParent(outer)) {
    const style = getComputedStyle(outer);
    const effects = [
      style.filter, style.clipPath, style.maskImage, style.rotate, style.scale, style.perspective,
    ];
    const isMoved = /^(none|matrix\(1, 0, 0, 1,.*)$/.test(style.transform);
    if (style.opacity !== '1' || style.mixBlendMode !== 'normal' || !isMoved) return false;
    if (effects.some((value) => value && value !== 'none')) return false;
  }
  return true;
}

// The visible rectangles that an element covers in spite of its rounded corners.
function coverRects(element) {
  const area = visibleArea(element);
  if (!area) return [];
  const { borderRadius } = getComputedStyle(element);
  const lengths = borderRadius.split(/[\s/]+/).map((length) => parseFloat(length) || 0);
  const radius = borderRadius.includes('%') ? Infinity : Math.max(...lengths);
  const inset = (x, y) => ({
    left: area.left + x, top: area.top + y, right: area.right - x, bottom: area.bottom - y,
  });
  return radius > 0 ? [inset(radius, 0), inset(0, radius)].filter(hasArea) : [area];
}

function isIn({ x, y }, { left, top, right, bottom }) {
  return x >= left && x < right && y >= top && y < bottom;
}

// What is left of an area without another one.
function subtract(area, other) {
  const cut = intersect(area, other);
  if (!hasArea(cut)) return [area];
  return [
    { ...area, bottom: cut.top },
    { ...area, top: cut.bottom },
    { ...area, top: cut.top, bottom: cut.bottom, right: cut.left },
    { ...area, top: cut.top, bottom: cut.bottom, left: cut.right },
  ].filter(hasArea);
}
