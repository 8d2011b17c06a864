// The visible part of an element: ancestors that scroll or hide their overflow
// clip it. Areas are in CSS pixels of the viewport.
function toArea({ left, top, right, bottom }) {
  return { left, top, right, bottom };
}

function hasArea({ left, top, right, bottom }) {
  return right > left && bottom > top;
}

function intersect(area, other) {
  return {
    left: Math.max(area.left, other.left),
    top: Math.max(area.top, other.top),
    right: Math.min(area.right, other.right),
    bottom: Math.min(area.bottom, other.bottom),
  };
}

function flatParent(element) {
  return element.assignedSlot ?? element.parentElement ?? element.parentNode?.host ?? null;
}

function isInTopLayer(element) {
  return matches(element, ':is(:modal, :popover-open, :fullscreen)');
}

// Whether an element with this style contains descendants of this `position`.
function containsPosition(style, position) {
  if (position !== 'absolute' && position !== 'fixed') return true;
  if (position === 'absolute' && style.position !== 'static') return true;
  const { transform, translate, rotate, scale, perspective, filter, willChange, contain } = style;
  const effects = [transform, translate, rotate, scale, perspective, filter];
  return effects.some((value) => value && value !== 'none')
    || /transform|perspective|filter/.test(willChange)
    || /paint|layout|strict|content/.test(contain);
}

// The overflow of the root element, and usually of the body, is the viewport's.
function scrollsViewport(element) {
  const root = getRootElement();
  if (element === root) return true;
  const { overflowX, overflowY } = getComputedStyle(root);
  return element === getBody() && overflowX === 'visible' && overflowY === 'visible';
}

function paddingBox(element) {
  const rect = getRect(element);
  const scaleX = element.offsetWidth ? rect.width / element.offsetWidth : 1;
  const scaleY = element.offsetHeight ? rect.height / element.offsetHeight : 1;
  const left = rect.left + element.clientLeft * scaleX;
  const top = rect.top + element.clientTop * scaleY;
  return {
    left,
    top,
    right: left + element.clientWidth * scaleX,
    bottom: top + element.clientHeight * scaleY,
  };
}

function clipToAncestor(area, ancestor, style) {
  const clipsBoth = /paint|strict|content/.test(style.contain);
  const clipsX = clipsBoth || style.overflowX !== 'visible';
  const clipsY = clipsBoth || style.overflowY !== 'visible';
  if ((!clipsX && !clipsY) || /^(inline|contents)$/.test(style.display)) return area;
  const clipped = intersect(area, paddingBox(ancestor));
  return {
    left: clipsX ? clipped.left : area.left,
    top: clipsY ? clipped.top : area.top,
    right: clipsX ? clipped.right : area.right,
    bottom: clipsY ? clipped.bottom : area.bottom,
  };
}

// The part of an area of the element that no ancestor clips; `onClipped` is
// called with the ancestor that leaves nothing of it.
function visibleArea(element, onClipped, initial = toArea(getRect(element))) {
  let area = initial;
  let { position } = getComputedStyle(element);
  let inner = element;
  for (let outer = flatParent(element); outer; outer = flatParent(outer)) {
    if (isInTopLayer(inner)) break;
    inner = outer;
    const style = getComputedStyle(outer);
    if (!containsPosition(style, position)) continue;
    position = style.position;
    if (scrollsViewport(outer)) continue;
    area = clipToAncestor(area, outer, style);
    if (!hasArea(area)) {
      onClipped?.(outer);
      return null;
    }
  }
  return hasArea(area) ? area : null;
}

// The visible areas of an element and of what sticks out of it: overflowing text
// and descendants, and those of an element without a visible box.
function visibleParts(element) {
  const { display, visibility } = getComputedStyle(element);
  const hasBox = display !== 'contents';
  if (hasBox && element.checkVisibility?.({ opacityProperty: true }) === false) return [];
  const own = hasBox && visibility === 'visible' ? fragments(element) : [];
  const inner = flatChildren(element).flatMap((node) => {
    if (isElement(node)) return visibleParts(node);
    return visibility === 'visible' ? textParts(node, element) : [];
  });
  return [...own, ...inner.filter((area) => !own.some((outer) => encloses(outer, area)))];
}

// The children of an element as they are laid out.
function flatChildren(element) {
  const slotted = element.assignedNodes?.({ flatten: true });
  if (slotted?.length > 0) return slotted;
  return Array.from((getShadowRoot(element) ?? element).childNodes);
}

// An element has a box in each of its lines or columns.
function fragments(element) {
  const rects = Array.from(getRects(element));
  return rects.map((rect) => visibleArea(element, undefined, toArea(rect))).filter(Boolean);
}

// Whether an area is in another one, but for fractions of a pixel.
function encloses(outer, { left, top, right, bottom }) {
  return left > outer.left - 1 && top > outer.top - 1
    && right < outer.right + 1 && bottom < outer.bottom + 1;
}

function textParts(node, parent) {
  if (node.nodeType !== node.TEXT_NODE) return [];
  const range = new Range();
  range.selectNode(node);
  const style = getComputedStyle(parent);
  return Array.from(range.getClientRects())
    .map((rect) => clipToAncestor(toArea(rect), parent, style))
    .filter(hasArea)
    .map((area) => visibleArea(parent, undefined, area))
    .filter(Boolean);
}
