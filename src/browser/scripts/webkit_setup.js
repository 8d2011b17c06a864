// Put into a page of WebKit as soon as it has loaded, with the library, in every
// document of it that is ours to touch.
const [library, done] = arguments;

// Scrollbars are drawn over the page and take no room. Those that are there
// already hear of a style only when they are made anew.
function hideScrollbars(frame) {
  const sheet = new frame.CSSStyleSheet();
  sheet.replaceSync('* { scrollbar-width: none !important }');
  frame.document.adoptedStyleSheets = [...frame.document.adoptedStyleSheets, sheet];
  const scrolls = (element) =>
    (element.scrollHeight > element.clientHeight || element.scrollWidth > element.clientWidth) &&
    /auto|scroll/.test(frame.getComputedStyle(element).overflow);
  for (const element of frame.document.querySelectorAll('*')) {
    if (element === frame.document.documentElement || scrolls(element)) makeAnew(element);
  }
}

function makeAnew(element) {
  const before = element.getAttribute('style');
  element.style.setProperty('overflow', 'hidden', 'important');
  void element.offsetHeight;
  if (before === null) element.removeAttribute('style');
  else element.setAttribute('style', before);
}

function put(frame) {
  try {
    if (frame.__tintype) return;
    hideScrollbars(frame);
    frame.eval(library);
  } catch {
    return;
  }
  for (const inner of frame.__tintype.frameWindows()) put(inner);
}

// WebKit does not say with which status a document came: it is asked for again.
async function status() {
  if (!location.protocol.startsWith('http')) return 0;
  for (const method of ['HEAD', 'GET']) {
    const answer = await fetch(location.href, { method });
    // Some servers know no HEAD, and say so with all kinds of words.
    if (answer.ok || method === 'GET') return answer.status;
  }
}

status()
  .catch(() => 0)
  .then((code) => {
    const entry = window.PerformanceNavigationTiming?.prototype;
    if (entry && !('responseStatus' in entry)) {
      Object.defineProperty(entry, 'responseStatus', { get: () => code, configurable: true });
    }
    put(window);
    done(true);
  });
