// The size of the whole page, and the place of an element in it.
function pageExtent() {
  const root = getRootElement();
  const height = Math.max(root.scrollHeight, getBody()?.scrollHeight ?? 0);
  return { x: 0, y: 0, width: root.scrollWidth, height };
}

function elementBox(selector) {
  const element = findFirst(selector);
  if (!element) return null;
  const { x, y, width, height } = getRect(element);
  return { x: x + getScrollX(), y: y + getScrollY(), width, height };
}
