// The visible areas of elements that a story masks, also in same-origin frames.
function matchingAreas(selector) {
  const roots = findRoots();
  const partsOf = (element) => visibleParts(element)
    .flatMap((area) => uncoveredParts(element, area));
  const areas = roots.flatMap((root) => queryAll(root, selector).flatMap(partsOf));
  for (const frame of frameElements(roots)) {
    if (isReachable(frame)) areas.push(...frameAreas(frame, selector));
  }
  return areas;
}

function frameAreas(frame, selector) {
  const visible = visibleArea(frame);
  if (!visible) return [];
  const inner = frame.contentWindow.__tintype.matchingAreas(selector);
  const box = contentBox(frame);
  return inner.map((area) => ({
    left: box.left + area.left * box.scaleX,
    top: box.top + area.top * box.scaleY,
    right: box.left + area.right * box.scaleX,
    bottom: box.top + area.bottom * box.scaleY,
  })).map((area) => intersect(intersect(area, box), visible)).filter(hasArea);
}

function contentBox(frame) {
  const rect = getRect(frame);
  const scaleX = frame.offsetWidth ? rect.width / frame.offsetWidth : 1;
  const scaleY = frame.offsetHeight ? rect.height / frame.offsetHeight : 1;
  const style = getComputedStyle(frame);
  const length = (key) => parseFloat(style[key]) || 0;
  return {
    left: rect.left + (length('borderLeftWidth') + length('paddingLeft')) * scaleX,
    top: rect.top + (length('borderTopWidth') + length('paddingTop')) * scaleY,
    right: rect.right - (length('borderRightWidth') + length('paddingRight')) * scaleX,
    bottom: rect.bottom - (length('borderBottomWidth') + length('paddingBottom')) * scaleY,
    scaleX,
    scaleY,
  };
}

// The areas in CSS pixels of the page, and the place of the viewport in it.
function maskAreas(selectors) {
  const [x, y] = [getScrollX(), getScrollY()];
  const areas = matchingAreas(selectors.join(', ')).map(({ left, top, right, bottom }) => ({
    x: left + x, y: top + y, width: right - left, height: bottom - top,
  }));
  return { areas, scroll: [x, y], zoom: window.visualViewport?.scale ?? 1 };
}
