// Actions of a story's steps. An answer with a `reason` says why the step
// cannot be done yet.
function performAction(action, selector, value) {
  keepRevealed(false);
  const element = findFirst(selector);
  if (!element) return { reason: 'no element matches' };
  return actions[action](element, value);
}

const actions = {
  point: pointerTarget,
  focus: focusElement,
  field: focusField,
  select: selectOption,
  scroll(element) {
    scrollIntoView(element, { block: 'center', inline: 'nearest', behavior: 'instant' });
    return {};
  },
  present: (element) => (isEmpty(element) ? { reason: 'it has no size' } : {}),
};

function isEmpty(element) {
  const { width, height } = getRect(element);
  return width <= 0 || height <= 0;
}

function invisibleReason(element) {
  if (isEmpty(element)) return 'it has no size';
  if (getComputedStyle(element).visibility !== 'visible') return 'it is not visible';
  return null;
}

function contains(outer, inner) {
  for (let node = inner; node; node = node.parentNode ?? node.host) {
    if (node === outer) return true;
  }
  return false;
}

// The element at a point, below all open shadow roots.
function deepElementFromPoint(x, y) {
  let root = document;
  for (let found = null; ; root = getShadowRoot(found)) {
    const next = elementFromPoint(root, x, y);
    if (!next || next === found) return found;
    found = next;
    if (!getShadowRoot(found)) return found;
  }
}

function scrollIntoViewport(element) {
  const { left, top, right, bottom } = getRect(element);
  const isInside = left >= 0 && top >= 0
    && right <= getInnerWidth() && bottom <= getInnerHeight();
  if (isInside) return;
  scrollIntoView(element, { block: 'center', inline: 'center', behavior: 'instant' });
}

// The point that the mouse moves to: the middle of the element's visible part.
function pointerTarget(element, action) {
  const invisible = invisibleReason(element);
  if (invisible) return { reason: invisible };
  scrollIntoViewport(element);
  const { left, top, right, bottom } = getRect(element);
  const middle = (from, to, end) => Math.floor((Math.max(from, 0) + Math.min(to, end)) / 2);
  const x = middle(left, right, getInnerWidth());
  const y = middle(top, bottom, getInnerHeight());
  const hit = deepElementFromPoint(x, y);
  if (!hit) return { reason: 'it cannot be scrolled into view' };
  const isLabel = hit.closest?.('label')?.control === element;
  if (!contains(element, hit) && !contains(hit, element) && !isLabel) {
    return { reason: `it is covered by ${describe(hit)}` };
  }
  if (action === 'click' && matches(element, ':disabled')) return { reason: 'it is disabled' };
  return { x, y };
}

function focusedElement() {
  let active = getActiveElement();
  for (;;) {
    const inner = active && getShadowRoot(active)?.activeElement;
    if (!inner) return active;
    active = inner;
  }
}

// `:focus-visible` matches, as it does for a user with a keyboard.
function focusElement(element) {
  const invisible = invisibleReason(element);
  if (invisible) return { reason: invisible };
  element.focus({ focusVisible: true });
  return contains(element, focusedElement()) ? {} : { reason: 'it cannot be focused' };
}

// Focuses a text field and selects its content.
function focusField(element) {
  const isEditable = element.isContentEditable;
  if (!isEditable && !matches(element, 'input, textarea')) {
    return { reason: 'it is not a text field' };
  }
  if (!isEditable && matches(element, ':disabled, :read-only')) {
    return { reason: 'it is disabled or read-only' };
  }
  const answer = focusElement(element);
  if (answer.reason) return answer;
  if (isEditable) window.getSelection().selectAllChildren(element);
  else element.select();
  return {};
}

function selectOption(element, value) {
  if (getLocalName(element) !== 'select') return { reason: 'it is not a <select>' };
  if (matches(element, ':disabled')) return { reason: 'it is disabled' };
  const options = [...element.options];
  const option = options.find((each) => each.value === value)
    ?? options.find((each) => each.text === value);
  if (!option) return { reason: `it has no option "${value}"` };
  option.selected = true;
  element.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
  element.dispatchEvent(new Event('change', { bubbles: true }));
  return {};
}
