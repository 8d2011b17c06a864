// Measurements of the page that its scripts can take, for suites that ask for them.
const { PerformanceObserver: OriginalObserver } = window;

// The entries of a type so far. The browser keeps them for observers that come
// late: at most 150 layout shifts and 200 long tasks.
function timelineEntries(type) {
  if (!OriginalObserver?.supportedEntryTypes?.includes(type)) return null;
  const observer = new OriginalObserver(() => {});
  observer.observe({ type, buffered: true });
  const entries = observer.takeRecords();
  observer.disconnect();
  return entries;
}

// The largest sum of the shifts of a session: shifts less than a second apart, within
// five seconds, none of them just after input.
function cumulativeShift(entries) {
  let [worst, sum, begun, last] = [0, 0, 0, -Infinity];
  for (const { value, startTime, hadRecentInput } of entries) {
    if (hadRecentInput) continue;
    if (startTime - last >= 1000 || startTime - begun >= 5000) [sum, begun] = [0, startTime];
    last = startTime;
    sum += value;
    worst = Math.max(worst, sum);
  }
  return Math.round(worst * 10000) / 10000;
}

const queryDocument = uncurry(Document.prototype.querySelectorAll);
const queryFragment = uncurry(DocumentFragment.prototype.querySelectorAll);

// The elements of a frame. A frame whose window got another document may have no
// library for it.
function countInFrame(inner) {
  try {
    if (inner.__tintype?.isOf(inner.document)) return inner.__tintype.countElements();
    const roots = [inner.document];
    let count = 0;
    for (const root of roots) {
      const elements = root === inner.document ? queryDocument : queryFragment;
      for (const element of elements(root, '*')) {
        count += 1;
        const shadowRoot = getShadowRoot(element);
        if (shadowRoot) roots.push(shadowRoot);
      }
    }
    return count;
  } catch {
    // The frame has another origin.
    return 0;
  }
}

// The elements of the page, its shadow roots and its frames of the same origin.
function countElements() {
  const roots = findRoots();
  let count = 0;
  for (const root of roots) count += queryNodes(root, '*').length;
  for (const inner of frameWindows(roots)) count += countInFrame(inner);
  return count;
}

function pageMeasurements() {
  const shifts = timelineEntries('layout-shift');
  const paints = timelineEntries('largest-contentful-paint');
  const tasks = timelineEntries('longtask');
  const first = getEntriesByType('paint')[0];
  const largest = paints?.[paints.length - 1];
  return {
    nodes: countElements(),
    cls: shifts && cumulativeShift(shifts),
    lcpMs: largest ? Math.round(largest.startTime) : null,
    firstPaintMs: first ? Math.round(first.startTime) : null,
    longTasks: tasks && tasks.length,
    longTaskMs: tasks && Math.round(tasks.reduce((sum, { duration }) => sum + duration, 0)),
  };
}
