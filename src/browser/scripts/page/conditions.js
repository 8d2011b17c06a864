// Conditions that the page states itself: `data-tintype-ready`, `aria-busy`.
function pendingReadyAttribute() {
  const root = getRootElement();
  const isPending = root && getAttribute(root, 'data-tintype-ready') === 'false';
  return isPending ? [{ step: 'ready', detail: 'data-tintype-ready is "false"' }] : [];
}

function pendingBusy(root) {
  const busy = queryAll(root, '[aria-busy=true]');
  return busy.map((element) => ({ step: 'aria-busy', detail: describe(element) }));
}

// Conditions that the story names: selectors and expressions.
function pendingWaitFor(conditions) {
  return conditions
    .filter(({ selector, expression }) => {
      if (selector !== undefined) return !hasSize(findFirst(selector));
      return expression !== undefined && !isTrue(expression);
    })
    .map(({ selector, expression }) => ({ step: 'wait-for', detail: selector ?? expression }));
}

function hasSize(element) {
  if (!element) return false;
  const { width, height } = getRect(element);
  return width !== 0 || height !== 0;
}

// Whether an expression is true. A promise is created again until it resolves
// to a true value.
const promisedValues = new Map();
function isTrue(expression) {
  if (promisedValues.get(expression) === true) return true;
  let value;
  try {
    value = evaluateGlobally(expression);
  } catch {
    return false;
  }
  if (typeof value?.then !== 'function') return Boolean(value);
  if (!promisedValues.has(expression)) {
    promisedValues.set(expression, false);
    value.then(
      (late) => (late ? promisedValues.set(expression, true) : promisedValues.delete(expression)),
      () => promisedValues.delete(expression),
    );
  }
  return false;
}
