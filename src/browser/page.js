// Runs inside every document before its own first script. Everything of ours
// hangs on one property that a page does not see when it lists its own.
(() => {
  if (window.__tintype) return;

  // Closed shadow roots are not reachable later: they are noted when they open.
  const closedRoots = new Set();
  const attachShadow = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (init) {
    const root = attachShadow.call(this, init);
    if (init?.mode === 'closed') closedRoots.add(new WeakRef(root));
    return root;
  };

  // A dialog would stop the page until somebody answers it.
  window.alert = () => {};
  window.confirm = () => false;
  window.prompt = () => null;
  window.print = () => {};

  // The document and every shadow root below it.
  function roots() {
    const found = [document];
    for (const root of found) {
      for (const element of root.querySelectorAll('*')) {
        if (element.shadowRoot) found.push(element.shadowRoot);
      }
    }
    for (const reference of closedRoots) {
      const root = reference.deref();
      if (root?.isConnected) found.push(root);
    }
    return found;
  }

  // The same, in same-origin frames: each has a library of its own.
  function frames() {
    const found = [];
    for (let index = 0; index < window.frames.length; index += 1) {
      try {
        if (window.frames[index].__tintype) found.push(window.frames[index].__tintype);
      } catch {
        // Another origin: its content is not ours to touch.
      }
    }
    return found;
  }

  let sheet;
  function style(root) {
    sheet ??= (() => {
      const made = new CSSStyleSheet();
      made.replaceSync(`
        *, *::before, *::after {
          caret-color: transparent !important;
          scroll-behavior: auto !important;
        }
        ::-webkit-scrollbar { display: none !important; }
      `);
      return made;
    })();
    if (!root.adoptedStyleSheets.includes(sheet)) {
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    }
  }

  // Finite motion goes to its end, endless motion to its beginning.
  function still(root) {
    for (const animation of root.getAnimations()) {
      if (animation.playState === 'paused' || animation.timeline !== document.timeline) continue;
      try {
        const end = animation.effect?.getComputedTiming().endTime;
        if (end === Infinity) animation.cancel();
        else animation.finish();
      } catch {
        animation.cancel();
      }
    }
  }

  function name(element) {
    const id = element.id ? `#${element.id}` : '';
    return `${element.localName}${id}`;
  }

  function imagesOf(root, waiting) {
    for (const image of root.querySelectorAll('img')) {
      if (image.loading === 'lazy') image.loading = 'eager';
      if (image.decoding !== 'sync') image.decoding = 'sync';
      if (!image.complete) waiting.push({ step: 'images', detail: image.currentSrc || image.src || name(image) });
    }
  }

  function waiting() {
    const found = [];
    if (document.readyState !== 'complete') found.push({ step: 'load', detail: location.href });
    if (document.fonts.status === 'loading') {
      const families = [...document.fonts].filter((face) => face.status === 'loading').map((face) => face.family);
      found.push({ step: 'fonts', detail: [...new Set(families)].join(', ') });
    }
    if (document.documentElement?.dataset.tintypeReady === 'false') {
      found.push({ step: 'ready', detail: 'data-tintype-ready is "false"' });
    }
    for (const root of roots()) {
      style(root);
      imagesOf(root, found);
      still(root);
    }
    for (const frame of frames()) found.push(...frame.waiting());
    return found;
  }

  let worn = null;
  function undress(root) {
    for (const [key, value] of Object.entries(worn.attributes)) {
      if (value === null) root.removeAttribute(key);
      else root.setAttribute(key, value);
    }
    root.classList.remove(...worn.classes);
    worn = null;
  }

  // Puts a theme on the root element, and takes the one before off.
  function dress(theme) {
    const root = document.documentElement;
    if (worn) undress(root);
    worn = { attributes: {}, classes: theme.classes.filter((each) => !root.classList.contains(each)) };
    for (const [key, value] of Object.entries(theme.attributes)) {
      worn.attributes[key] = root.getAttribute(key);
      root.setAttribute(key, value);
    }
    root.classList.add(...worn.classes);
  }

  function settle(theme) {
    if (theme) dress(theme);
    // Reading a layout value starts what only a layout starts: font loads,
    // transitions.
    void document.documentElement?.offsetHeight;
    return { waiting: waiting(), status: performance.getEntriesByType('navigation')[0]?.responseStatus ?? 0 };
  }

  function extent() {
    const root = document.documentElement;
    return { width: root.scrollWidth, height: Math.max(root.scrollHeight, document.body?.scrollHeight ?? 0) };
  }

  function box(selector) {
    const element = roots().map((root) => root.querySelector(selector)).find(Boolean);
    if (!element) return null;
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x: x + scrollX, y: y + scrollY, width, height };
  }

  Object.defineProperty(window, '__tintype', { value: Object.freeze({ settle, waiting, extent, box }) });
})();
