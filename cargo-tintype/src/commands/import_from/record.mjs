// Prints a configuration of another tool, and what its tests do, as JSON. Tests run
// with a page that only records its calls.
import { existsSync, readdirSync } from 'node:fs';
import Module, { createRequire, register } from 'node:module';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [tool, folder, configuration] = process.argv.slice(1);
const notes = [];
const shots = [];
const note = (text) => notes.includes(text) || notes.push(text);
const output = (value) => process.stdout.write(JSON.stringify(value) + '\n');
// Tests and configurations must not write into the answer.
for (const name of ['log', 'info', 'debug', 'warn', 'error']) console[name] = () => {};

// --- Pages

/** A value of which everything can be called and read, without an effect. */
const anything = () =>
  new Proxy(function () {}, {
    get: (_, key) => (key === 'then' || typeof key === 'symbol' ? undefined : anything()),
    apply: () => anything(),
    construct: () => anything(),
  });

const isCss = (selector) =>
  typeof selector === 'string' &&
  !/^(text|xpath|role|id|data-testid|internal:\w+|css:\w+)=|^\/\/|^\.\.|>>|:has-text\(|:text\(/.test(selector);

let state; // of the test that runs
const step = (value) => state.steps.push(value);
const quoted = (text) => JSON.stringify(String(text));

function locator(selector, shown = selector) {
  const css = selector && selector.replace(/^css=/, '');
  const act = (make) => async (...args) => {
    if (css) step(make(...args));
    else note(`the element ${shown} has no CSS selector: a step on it is missing`);
    return anything();
  };
  const actions = {
    click: act(() => ({ click: css })),
    tap: act(() => ({ click: css })),
    check: act(() => ({ click: css })),
    hover: act(() => ({ hover: css })),
    focus: act(() => ({ focus: css })),
    fill: act((text) => ({ type: { into: css, text: String(text) } })),
    type: act((text) => ({ type: { into: css, text: String(text) } })),
    pressSequentially: act((text) => ({ type: { into: css, text: String(text) } })),
    selectOption: act((value) => ({ select: { in: css, value: String(value?.value ?? value?.label ?? value) } })),
    select: act((value) => ({ select: { in: css, value: String(value) } })),
    scrollIntoViewIfNeeded: act(() => ({ 'scroll-to': css })),
    waitFor: act(() => ({ 'wait-for': css })),
    press: async (key) => {
      await actions.focus();
      step({ press: key });
    },
    screenshot: async (options) => ({ selector: css, shown, options: options ?? {} }),
    first: () => locator(css, shown),
    locator: (inner) => (isCss(inner) && css ? locator(`${css} ${inner}`) : locator(null, `${shown} ${inner}`)),
  };
  const known = { ...actions, selector: css, shown, isLocator: true };
  return new Proxy(known, {
    get: (target, key) => {
      if (key in target || key === 'then' || typeof key === 'symbol') return target[key];
      if (/^(nth|last|filter|and|or|getBy)/.test(String(key))) return () => locator(null, `${shown}.${key}()`);
      return anything();
    },
  });
}

const find = (selector) => (isCss(selector) ? locator(selector) : locator(null, String(selector)));

function recordingPage() {
  const on = (name) => async (selector, ...args) => find(selector)[name](...args);
  const page = {
    isPage: true,
    goto: async (url) => {
      state.url = String(url);
      state.steps = [];
    },
    setViewportSize: async (size) => (state.viewport = size),
    setViewport: async (size) => (state.viewport = size),
    emulateMedia: async (media) => Object.assign(state.use, media),
    setContent: async () => note('page.setContent: move the content to a page of your stories'),
    waitForTimeout: async (ms) => step({ 'wait-for': { delay: `${Math.max(1, ms)}ms` } }),
    waitForSelector: async (selector) => {
      if (isCss(selector)) step({ 'wait-for': selector });
      return find(selector);
    },
    waitForFunction: async (code) =>
      step({ 'wait-for': { expression: typeof code === 'function' ? `(${code})()` : String(code) } }),
    evaluate: async (code, argument) => {
      const given = argument === undefined ? '' : JSON.stringify(argument);
      step({ script: typeof code === 'function' ? `return await (${code})(${given})` : String(code) });
      return anything();
    },
    screenshot: async (options) => ({ options: options ?? {} }),
    locator: find,
    $: async (selector) => find(selector),
    getByTestId: (id) => locator(`[data-testid=${quoted(id)}]`),
    getByPlaceholder: (text) => (typeof text === 'string' ? locator(`[placeholder=${quoted(text)}]`) : locator(null, `getByPlaceholder(${text})`)),
    keyboard: new Proxy({ press: async (key) => step({ press: key }) }, { get: (target, key) => target[key] ?? anything() }),
    url: () => state.url,
    close: async () => {},
    newPage: async () => page,
  };
  for (const name of ['click', 'hover', 'focus', 'fill', 'type', 'press', 'check', 'selectOption', 'select', 'tap']) page[name] = on(name);
  for (const name of ['route', 'addStyleTag', 'addScriptTag', 'addInitScript', 'setRequestInterception'])
    page[name] = async () => note(`page.${name} was not converted`);
  return new Proxy(page, {
    get: (target, key) => {
      if (key in target || key === 'then' || typeof key === 'symbol') return target[key];
      if (String(key).startsWith('getBy')) return (...args) => locator(null, `${key}(${args.map((a) => JSON.stringify(a) ?? a)})`);
      return anything();
    },
  });
}

// --- Tests

const root = { title: '', use: {}, before: [], tests: [] };
let suite = root;
let file;
const suites = (of) => (of ? [...suites(of.parent), of] : []);

function test(title, ...rest) {
  const body = rest.findLast((value) => typeof value === 'function');
  if (typeof title === 'string' && body) suite.tests.push({ title, body, suite, file });
}
function describe(title, ...rest) {
  const body = rest.findLast((value) => typeof value === 'function') ?? (typeof title === 'function' ? title : undefined);
  if (!body) return;
  const outer = suite;
  suite = { title: typeof title === 'string' ? title : '', use: {}, before: [], tests: outer.tests, parent: outer };
  body();
  suite = outer;
}
const skipped = (title, ...rest) => {
  if (typeof title === 'string' && rest.some((value) => typeof value === 'function')) note(`the test "${title}" is skipped, and was left out`);
};
describe.configure = () => {};
describe.only = describe.parallel = describe.serial = describe;
describe.skip = describe.fixme = skipped;
describe.each = (rows) => (title, body) => rows.forEach((row) => describe(named(title, row), () => body(...[row].flat())));
test.each = (rows) => (title, body) => rows.forEach((row) => test(named(title, row), () => body(...[row].flat())));
const named = (title, row) => [row].flat().reduce((text, value) => text.replace(/%[sdifjop#]/, String(value)), title);
Object.assign(test, {
  describe,
  use: (options) => Object.assign(suite.use, options),
  beforeEach: (...rest) => suite.before.push(rest.findLast((value) => typeof value === 'function')),
  step: async (_, body) => body(),
  skip: skipped,
  fixme: skipped,
  only: test,
  extend: () => test,
  setTimeout() {},
  slow() {},
  info: () => anything(),
  afterEach() {},
  afterAll() {},
});
const beforeAll = (...rest) => suite.before.push(rest.findLast((value) => typeof value === 'function'));
test.beforeAll = beforeAll;

function expectation(actual) {
  const target = actual?.isLocator || actual?.isPage ? actual : actual?.options ? actual : undefined;
  const shoot = (name, options) => {
    if (typeof name === 'object' && !Array.isArray(name)) [name, options] = [undefined, name];
    const given = { ...target?.options, ...options };
    if (target?.isLocator && !target.selector) return note(`the element ${target.shown} has no CSS selector: its screenshot was left out`);
    const selector = target?.selector ?? undefined;
    const masks = (given.mask ?? []).map((each) => each?.selector).filter(Boolean);
    const id = typeof given.customSnapshotIdentifier === 'function' ? undefined : given.customSnapshotIdentifier;
    shots.push({
      file: relative(folder, state.file),
      titles: state.titles,
      name: name ?? id,
      index: ++state.count,
      url: state.url,
      selector,
      steps: structuredClone(state.steps),
      viewport: state.viewport,
      use: safe(state.use),
      options: safe({ ...given, mask: masks }),
    });
  };
  const known = {
    toHaveScreenshot: async (name, options) => shoot(name, options),
    toMatchSnapshot: async (name, options) => target && shoot(name, options),
    toMatchImageSnapshot: async (options) => shoot(undefined, { ...common, ...options }),
    toBeVisible: async () => target?.selector && step({ 'wait-for': target.selector }),
  };
  return new Proxy(known, { get: (all, key) => all[key] ?? anything() });
}
const expect = Object.assign(expectation, { extend: () => expect, soft: expectation, poll: () => anything(), configure: () => expect });
let common = {};

/** What JSON can hold. */
const safe = (value) => JSON.parse(JSON.stringify(value, (_, each) => (typeof each === 'function' ? undefined : each instanceof RegExp ? String(each) : each)) ?? 'null');

async function runTests() {
  for (const each of root.tests) {
    const chain = suites(each.suite);
    const page = recordingPage();
    const use = Object.assign({}, ...chain.map((of) => of.use));
    state = { file: each.file, titles: [...chain.map((of) => of.title), each.title].filter(Boolean), steps: [], use, viewport: use.viewport, count: 0 };
    globals.page = page;
    globalThis.page = page;
    globalThis.browser = page;
    const fixtures = new Proxy({ page, context: page, browser: page, browserName: 'chromium', isMobile: false }, { get: (all, key) => (key in all ? all[key] : anything()) });
    const shown = `${relative(folder, each.file)}: ${state.titles.join(' › ')}`;
    const before = shots.length;
    try {
      for (const body of chain.flatMap((of) => of.before)) await body(fixtures, anything());
      await each.body(fixtures, anything());
    } catch (error) {
      note(`${shown} could not be followed: ${error.message}`);
    }
    if (shots.length === before) note(`${shown} takes no screenshot, and was left out`);
  }
}

// --- Modules

const project = createRequire(join(folder, 'package.json'));
const installed = (name) => {
  try {
    return project(name);
  } catch {
    return undefined;
  }
};
const desktop = { viewport: { width: 1280, height: 720 }, deviceScaleFactor: 1, isMobile: false, hasTouch: false };
const devices = new Proxy(
  {
    'Desktop Chrome': { ...desktop, defaultBrowserType: 'chromium' },
    'Desktop Edge': { ...desktop, defaultBrowserType: 'chromium' },
    'Desktop Firefox': { ...desktop, defaultBrowserType: 'firefox' },
    'Desktop Safari': { ...desktop, defaultBrowserType: 'webkit' },
  },
  {
    get: (known, name) => {
      const real = name in known ? undefined : (installed('playwright-core') ?? installed('@playwright/test'))?.devices?.[name];
      if (!(name in known) && !real && typeof name === 'string') note(`the device "${name}" is unknown without the package playwright-core: set its viewport`);
      return known[name] ?? real ?? {};
    },
  },
);
const driver = { launch: async () => recordingPage(), connect: async () => recordingPage(), devices };
const globals = {
  test, expect, devices, describe,
  defineConfig: (...parts) => Object.assign({}, ...parts),
  it: test,
  configureToMatchImageSnapshot: (options) => ((common = { ...options }), anything()),
  toMatchImageSnapshot: anything(),
  chromium: driver, firefox: driver, webkit: driver, launch: driver.launch,
};
globalThis.__tintype = globals;
const STUBS = ['@playwright/test', 'playwright/test', 'playwright', 'playwright-core', 'puppeteer', 'puppeteer-core', 'jest-image-snapshot', 'lost-pixel', '@jest/globals', 'vitest'];
const exported = Object.keys(globals).filter((name) => name !== 'page');
const stub = `export const { ${exported.join(', ')} } = globalThis.__tintype; export const beforeEach = test.beforeEach, beforeAll = test.beforeAll, afterEach = () => {}, afterAll = () => {}; export const jest = { setTimeout() {}, retryTimes() {}, fn: () => () => {} }; export default { ...globalThis.__tintype, ...globalThis.__tintype.chromium };`;
const hooks = `
  import { createRequire } from 'node:module';
  import { readFileSync } from 'node:fs';
  import { fileURLToPath } from 'node:url';
  const stubs = ${JSON.stringify(STUBS)}, stub = ${JSON.stringify('data:text/javascript,' + encodeURIComponent(stub))};
  export async function resolve(name, context, next) {
    if (stubs.includes(name)) return { url: stub, shortCircuit: true };
    try { return await next(name, context); } catch (error) {
      if (!/^[./]/.test(name)) throw error;
      for (const end of ['.ts', '.tsx', '.js', '.mjs', '/index.ts', '/index.js'])
        try { return await next(name.replace(/\\.js$/, '') + end, context); } catch {}
      throw error;
    }
  }
  export async function load(url, context, next) {
    if (/\\.[mc]?tsx?$/.test(url) && !process.features.typescript) {
      let typescript;
      try { typescript = createRequire(url)('typescript'); } catch { throw new Error('TypeScript needs Node.js 22.18 or later, or the package typescript in the project'); }
      const options = { module: typescript.ModuleKind.ESNext, target: typescript.ScriptTarget.ES2022, jsx: typescript.JsxEmit.React };
      const source = typescript.transpileModule(readFileSync(fileURLToPath(url), 'utf8'), { compilerOptions: options }).outputText;
      return { format: 'module', source, shortCircuit: true };
    }
    return next(url, context);
  }`;
register('data:text/javascript,' + encodeURIComponent(hooks));
const loadModule = Module._load;
Module._load = (name, ...rest) => (STUBS.includes(name) ? { ...globals, ...driver, default: { ...globals, ...driver } } : loadModule(name, ...rest));
Object.assign(globalThis, { test, it: test, describe, expect, beforeEach: test.beforeEach, beforeAll, afterEach() {}, afterAll() {}, jest: { setTimeout() {}, retryTimes() {} } });

const load = async (path) => {
  const module = await import(pathToFileURL(path));
  return module.config ?? module.default?.config ?? module.default?.default ?? module.default ?? module;
};

const files = (at) =>
  readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
    const path = join(at, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name.startsWith('.') ? [] : files(path);
    return [path];
  });

try {
  let config = configuration ? await load(resolve(folder, configuration)) : {};
  if (typeof config === 'function') config = await config();
  if (tool === 'playwright' || tool === 'jest-image-snapshot') {
    const where = resolve(folder, config.testDir ?? '.');
    const isTest = (path) => /[._-](test|spec)\.[mc]?[jt]sx?$|__tests__\/.*\.[jt]sx?$/.test(path);
    for (file of (existsSync(where) ? files(where) : []).filter(isTest).sort()) {
      try {
        await import(pathToFileURL(file));
      } catch (error) {
        note(`${relative(folder, file)} could not be loaded: ${error.message.split('\n')[0]}`);
      }
      suite = root;
    }
    await runTests();
  }
  output({ config: safe(config), shots, notes });
} catch (error) {
  output({ error: error.message.split('\n')[0] });
}
