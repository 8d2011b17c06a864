// Runs inside every document before its own first script. Everything of ours
// hangs on one property that a page does not see when it lists its own.
(() => {
  if (window.__tintype) return;
  performance.setResourceTimingBufferSize(10000);

  // ---- What can only be seen by being there when it happens ----

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

  // Requests under way, by their address.
  const requests = new Map();
  function begin(address) {
    const key = Symbol();
    requests.set(key, String(address));
    return () => requests.delete(key);
  }
  const fetch = window.fetch;
  window.fetch = function (resource, options) {
    const done = begin(resource?.url ?? resource);
    const answer = fetch.call(this, resource, options);
    answer.then(done, done);
    return answer;
  };
  const open = XMLHttpRequest.prototype.open;
  const send = XMLHttpRequest.prototype.send;
  const addresses = new WeakMap();
  XMLHttpRequest.prototype.open = function (...given) {
    addresses.set(this, given[1]);
    return open.apply(this, given);
  };
  XMLHttpRequest.prototype.send = function (body) {
    this.addEventListener('loadend', begin(addresses.get(this)), { once: true });
    return send.call(this, body);
  };

  // What makes a picture depend on more than the files that were loaded, and
  // what outlives the page.
  const unseen = new Set();
  let persistent = false;
  function watch(owner, method, note) {
    const original = owner?.[method];
    if (typeof original !== 'function') return;
    owner[method] = function (...given) {
      note();
      return original.apply(this, given);
    };
  }
  watch(window.ServiceWorkerContainer?.prototype, 'register', () => {
    unseen.add('a service worker');
    persistent = true;
  });
  for (const method of ['clearResourceTimings', 'setResourceTimingBufferSize']) {
    watch(Performance.prototype, method, () => unseen.add('it changes the list of what it has loaded'));
  }
  watch(window.IDBFactory?.prototype, 'open', () => { persistent = true; });
  watch(window.CacheStorage?.prototype, 'open', () => { persistent = true; });
  for (const socket of ['WebSocket', 'EventSource', 'Worker', 'SharedWorker', 'RTCPeerConnection', 'WebTransport']) {
    const original = window[socket];
    if (!original) continue;
    window[socket] = new Proxy(original, {
      construct(target, given, maker) {
        unseen.add(`a ${socket}`);
        return Reflect.construct(target, given, maker);
      },
    });
  }
  // A frozen clock (clock.js has run before) is no secret.
  if (performance.now() !== 0) {
    const clock = () => unseen.add('it reads the clock');
    window.Date = new Proxy(Date, {
      construct(target, given, maker) {
        if (given.length === 0) clock();
        return Reflect.construct(target, given, maker);
      },
      apply(target) {
        clock();
        return target();
      },
      get(target, key) {
        if (key === 'now') clock();
        return Reflect.get(target, key);
      },
    });
    for (const method of ['instant', 'zonedDateTimeISO', 'plainDateTimeISO', 'plainDateISO', 'plainTimeISO']) {
      watch(window.Temporal?.Now, method, clock);
    }
    // A format without a date is one of the present.
    const formats = Intl.DateTimeFormat.prototype;
    const { get } = Object.getOwnPropertyDescriptor(formats, 'format');
    const { formatToParts } = formats;
    const bound = new WeakMap();
    const noting = (original) => (date) => {
      if (date === undefined) clock();
      return original(date);
    };
    Object.defineProperty(formats, 'format', {
      get() {
        const original = get.call(this);
        if (!bound.has(original)) bound.set(original, noting(original));
        return bound.get(original);
      },
    });
    formats.formatToParts = function (date) {
      return noting(() => formatToParts.call(this, date))(date);
    };
  }

  // Motion by requestAnimationFrame: counted, and brought to rest on request.
  // At rest each frame is a quarter of a second later for the page, so that
  // whatever has an end comes to it; after that no callback runs any more.
  const motion = { frames: 0, resting: false, left: 40, shift: 0 };
  const request = window.requestAnimationFrame;
  const held = [];
  window.requestAnimationFrame = function (callback) {
    if (motion.resting && motion.left <= 0) {
      held.push(callback);
      return -held.length;
    }
    return request.call(window, (time) => {
      motion.frames += 1;
      callback(time + motion.shift);
    });
  };
  const now = performance.now;
  if (performance.now() !== 0) performance.now = () => now.call(performance) + motion.shift;

  // Two frames from now: the second callback runs after the first's frame was
  // drawn. They are no motion of the page's own.
  function frame() {
    return new Promise((done) => request.call(window, () => request.call(window, () => done(true))));
  }

  // One frame nearer to rest; whether it is reached. Transitions that no script
  // can end, in the parts of form controls, are over then, too.
  function rest() {
    if (!motion.resting) hasten();
    motion.resting = true;
    motion.shift += 250;
    motion.left -= 1;
    return motion.left <= 0;
  }

  // ---- Where to look ----

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

  // All that may hold a document of its own. Of those in shadow roots,
  // `window.frames` knows nothing.
  function holders(all = roots()) {
    return all.flatMap((root) => [...root.querySelectorAll('iframe, frame, object, embed')]);
  }

  function windows(all) {
    const listed = Array.from({ length: window.frames.length }, (_, index) => window.frames[index]);
    return [...new Set([...listed, ...holders(all).map((holder) => holder.contentWindow)])].filter(Boolean);
  }

  // The same, in same-origin frames: each has a library of its own.
  function frames(all) {
    const found = [];
    for (const inner of windows(all)) {
      try {
        if (inner.__tintype) found.push(inner.__tintype);
      } catch {
        // Another origin: its content is not ours to touch.
      }
    }
    return found;
  }

  function first(selector) {
    return roots().map((root) => root.querySelector(selector)).find(Boolean);
  }

  function name(element) {
    const id = element.id ? `#${element.id}` : '';
    const kind = element.classList?.length ? `.${[...element.classList].join('.')}` : '';
    return `${element.localName}${id || kind}`;
  }

  function adopt(root, sheet) {
    if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  }

  // ---- Stillness ----

  let sheet;
  function style(root) {
    sheet ??= (() => {
      const made = new CSSStyleSheet();
      made.replaceSync(`
        *, *::before, *::after {
          caret-color: transparent !important;
          scroll-behavior: auto !important;
          scrollbar-width: none !important;
        }
        ::-webkit-scrollbar { display: none !important; }
        ::spelling-error, ::grammar-error { text-decoration: none !important; }
      `);
      return made;
    })();
    adopt(root, sheet);
  }

  // Finite motion goes to its end, endless motion to its beginning. A
  // transition that has ended may start others, in elements that inherit from
  // its own.
  function still(root) {
    for (let generation = 0; generation < 10; generation += 1) {
      const moving = root.getAnimations().filter(moves);
      if (moving.length === 0) return;
      moving.forEach(end);
    }
  }

  function moves(animation) {
    return animation.playState === 'running' && animation.timeline === document.timeline;
  }

  function end(animation) {
    try {
      const last = animation.effect?.getComputedTiming().endTime;
      if (last === Infinity) animation.cancel();
      else animation.finish();
    } catch {
      animation.cancel();
    }
  }

  // ---- Conditions ----

  function images(root, waiting) {
    for (const image of root.querySelectorAll('img')) {
      if (image.loading === 'lazy') image.loading = 'eager';
      if (image.decoding !== 'sync') image.decoding = 'sync';
      if (!image.complete) waiting.push({ step: 'images', detail: image.currentSrc || image.src || name(image) });
    }
  }

  function media(root, waiting) {
    for (const element of root.querySelectorAll('video, audio')) {
      element.autoplay = false;
      if (!element.paused) element.pause();
      if (element.localName === 'audio' || element.error || element.networkState === HTMLMediaElement.NETWORK_NO_SOURCE) continue;
      const source = element.currentSrc || element.src;
      if (!source) continue;
      if (element.preload === 'none' && element.readyState === 0) continue;
      if (element.currentTime !== 0) element.currentTime = 0;
      if (element.readyState < 2 || element.seeking) waiting.push({ step: 'video', detail: source });
    }
  }

  function content(root, waiting, wanted) {
    for (const frame of root.querySelectorAll('iframe[loading=lazy]')) frame.loading = 'eager';
    for (const link of root.querySelectorAll('link[rel~=stylesheet]')) {
      const applies = !link.disabled && link.href && matchMedia(link.media || 'all').matches;
      if (applies && !link.sheet && !failed.has(link)) waiting.push({ step: 'styles', detail: link.href });
    }
    if (!wanted.busy) return;
    for (const element of root.querySelectorAll('[aria-busy=true]')) {
      waiting.push({ step: 'aria-busy', detail: name(element) });
    }
  }

  // Stylesheets that will never come: their error event does not bubble.
  const failed = new WeakSet();
  addEventListener('error', (event) => event.target instanceof Element && failed.add(event.target), true);

  // Pictures that only CSS asks for have no element to say whether they came.
  // Each address is loaded once more, from the cache, to learn it.
  const backgrounds = new Map();
  function backgroundsOf(root, waiting) {
    for (const element of root.querySelectorAll('*')) {
      for (const pseudo of [undefined, '::before', '::after']) {
        const { backgroundImage, maskImage, borderImageSource, listStyleImage } = getComputedStyle(element, pseudo);
        const text = `${backgroundImage} ${maskImage} ${borderImageSource} ${listStyleImage}`;
        for (const [, address] of text.matchAll(/url\("([^"]+)"\)/g)) {
          if (!backgrounds.has(address)) backgrounds.set(address, Object.assign(new Image(), { src: address }));
          if (!backgrounds.get(address).complete) waiting.push({ step: 'images', detail: address });
        }
      }
    }
  }

  // Conditions that the story names: selectors and expressions.
  const answers = new Map();
  function conditions(wanted, waiting) {
    for (const condition of wanted.waitFor) {
      if (condition.selector !== undefined) {
        const box = first(condition.selector)?.getBoundingClientRect();
        if (!box || (box.width === 0 && box.height === 0)) {
          waiting.push({ step: 'wait-for', detail: condition.selector });
        }
      } else if (condition.expression !== undefined && !holds(condition.expression)) {
        waiting.push({ step: 'wait-for', detail: condition.expression });
      }
    }
  }

  // Whether an expression is true; a promise is asked again until it is.
  function holds(expression) {
    if (answers.get(expression) === true) return true;
    let value;
    try {
      value = (0, eval)(expression);
    } catch {
      return false;
    }
    if (typeof value?.then !== 'function') return Boolean(value);
    if (!answers.has(expression)) {
      answers.set(expression, false);
      value.then((late) => (late ? answers.set(expression, true) : answers.delete(expression)), () => answers.delete(expression));
    }
    return false;
  }

  // What the page is still waited for. `thorough` looks where it takes longer.
  function waiting(wanted) {
    const found = [];
    if (document.readyState !== 'complete') found.push({ step: 'load', detail: location.href });
    // Of the faces, since the set as a whole says so only a frame later.
    const families = [...document.fonts].filter((face) => face.status === 'loading').map((face) => face.family);
    if (families.length > 0) found.push({ step: 'fonts', detail: [...new Set(families)].join(', ') });
    if (document.documentElement?.dataset.tintypeReady === 'false') {
      found.push({ step: 'ready', detail: 'data-tintype-ready is "false"' });
    }
    if (wanted.network) {
      for (const address of requests.values()) found.push({ step: 'network', detail: address });
    }
    conditions(wanted, found);
    const all = roots();
    for (const root of all) {
      style(root);
      images(root, found);
      media(root, found);
      content(root, found, wanted);
      if (wanted.thorough) backgroundsOf(root, found);
      still(root);
    }
    const inner = { ...wanted, waitFor: [] };
    for (const frame of frames(all)) found.push(...frame.waiting(inner));
    return found;
  }

  // ---- Themes ----

  let worn = null;
  function undress(root) {
    for (const [key, value] of Object.entries(worn.attributes)) {
      if (value === null) root.removeAttribute(key);
      else root.setAttribute(key, value);
    }
    root.classList.remove(...worn.classes);
    worn = null;
  }

  // A page that is shown once more, otherwise, takes on its new look at once:
  // transitions that are ended one by one start others. Parts of form controls
  // can be reached by no script, only by style.
  const sudden = new CSSStyleSheet();
  const parts = ['', '::before', '::after', '::placeholder', '::marker', '::backdrop', '::file-selector-button',
    '::-webkit-slider-thumb', '::-webkit-slider-runnable-track', '::-webkit-progress-bar', '::-webkit-progress-value',
    '::-webkit-meter-bar', '::-webkit-meter-optimum-value', '::-webkit-search-cancel-button', '::details-content',
    '::-moz-range-thumb', '::-moz-range-track', '::-moz-range-progress', '::-moz-progress-bar', '::-moz-meter-bar'];
  sudden.replaceSync(parts.map((part) => `*${part} { transition: none !important }`).join('\n'));
  function hasten() {
    const all = roots();
    for (const root of all) adopt(root, sudden);
    for (const frame of frames(all)) frame.hasten();
  }

  // Puts a theme on the root element, and takes the one before off. A page to
  // which something was done may have changed its clothes itself: only a new
  // one (`bare`) is dressed then.
  function dress(theme, bare = false) {
    const root = document.documentElement;
    if (bare && worn) return;
    if (worn) undress(root);
    worn = { attributes: {}, classes: theme.classes.filter((each) => !root.classList.contains(each)) };
    for (const [key, value] of Object.entries(theme.attributes)) {
      worn.attributes[key] = root.getAttribute(key);
      root.setAttribute(key, value);
    }
    root.classList.add(...worn.classes);
  }

  // ---- What Tintype calls ----

  function settle(wanted) {
    // Reading a layout value starts what only a layout starts: font loads,
    // transitions.
    void document.documentElement?.offsetHeight;
    const found = waiting(wanted);
    return {
      waiting: found,
      foreign: found.length === 0 ? foreign() : [],
      status: performance.getEntriesByType('navigation')[0]?.responseStatus ?? 0,
      missing: [...document.fonts].filter((face) => face.status === 'error').map((face) => face.family),
      dirty: persistent || localStorage_() > 0 || document.cookie !== '',
      moving: motion.frames > 0 && !motion.resting,
    };
  }

  // What other origins were asked for.
  function foreign() {
    const asked = performance.getEntriesByType('resource').map((entry) => entry.name);
    const found = asked.filter((address) => address.startsWith('http') && !address.startsWith(`${origin}/`));
    return [...new Set([...found, ...frames().flatMap((frame) => frame.foreign())])];
  }

  function localStorage_() {
    try {
      return localStorage.length + sessionStorage.length;
    } catch {
      return 0;
    }
  }

  // Everything that was loaded, by address, and what else there was.
  function loads() {
    const files = [location.href, ...performance.getEntriesByType('resource').map((entry) => entry.name)];
    if (performance.getEntriesByType('resource').length >= 10000) unseen.add('more than 10,000 requests');
    for (const frame of holders()) {
      try {
        if (!frame.contentWindow?.__tintype) throw frame;
      } catch {
        unseen.add(`a frame of another origin (${name(frame)})`);
      }
    }
    if (navigator.serviceWorker?.controller) unseen.add('a service worker');
    const inner = frames().map((frame) => frame.loads());
    return {
      files: [...new Set([...files, ...inner.flatMap((each) => each.files)])],
      unseen: [...new Set([...unseen, ...inner.flatMap((each) => each.unseen)])],
    };
  }

  function extent() {
    const root = document.documentElement;
    return { x: 0, y: 0, width: root.scrollWidth, height: Math.max(root.scrollHeight, document.body?.scrollHeight ?? 0) };
  }

  function box(selector) {
    const element = first(selector);
    if (!element) return null;
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x: x + scrollX, y: y + scrollY, width, height };
  }

  // Solid boxes over whatever the selectors find; they go with `unmask`.
  let masks = [];
  function mask(selectors) {
    unmask();
    for (const root of roots()) {
      for (const element of root.querySelectorAll(selectors.join(', '))) {
        const { x, y, width, height } = element.getBoundingClientRect();
        const cover = document.createElement('div');
        cover.style.cssText = `all: initial; position: absolute; z-index: 2147483647; background: #ff00ff;
          left: ${x + scrollX}px; top: ${y + scrollY}px; width: ${width}px; height: ${height}px`;
        masks.push(cover);
      }
    }
    document.documentElement.append(...masks);
    return masks.length;
  }

  function unmask() {
    for (const cover of masks) cover.remove();
    masks = [];
  }

  // What a step has begun, and what came of it.
  let pursued = null;
  function pursue(promise) {
    const own = { value: null };
    promise.then((value) => { own.value = Boolean(value); }, (error) => { own.failure = { error }; });
    pursued = own;
  }

  // Null as long as it goes on. What another page has begun went with it.
  function outcome() {
    if (pursued?.failure) throw pursued.failure.error;
    return pursued ? pursued.value : false;
  }

  const library = {
    first, windows, dress, hasten, settle, waiting, frame, rest, loads, foreign, extent, box, mask, unmask, pursue, outcome,
  };
  Object.defineProperty(window, '__tintype', { value: Object.freeze(library) });
})();
