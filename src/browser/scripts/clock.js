// Fixes the page's clock and seeds its random numbers, before its own first
// script. `config` is { start, stopped, seed }: the time at which the clock
// starts in milliseconds since the Unix epoch or null, whether it stands still
// there, and a number or null.
((config) => {
  if (config.seed !== null) {
    // Mulberry32, by Tommy Ettinger, public domain.
    let state = config.seed >>> 0;
    const next = () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return (mixed ^ (mixed >>> 14)) >>> 0;
    };
    Math.random = () => next() / 4294967296;
    const { crypto, Crypto } = window;
    const fill = Crypto.prototype.getRandomValues;
    const random = (array) => {
      // Refuses what is not an array of integers.
      fill.call(crypto, array);
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      for (let index = 0; index < bytes.length; index += 1) bytes[index] = next();
      return array;
    };
    Crypto.prototype.getRandomValues = function getRandomValues(array) { return random(array); };
    if (Crypto.prototype.randomUUID) {
      Crypto.prototype.randomUUID = function randomUUID() {
        const bytes = random(new Uint8Array(16));
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
        return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
      };
    }
  }
  if (config.start === null || '__tintypeClock' in window) return;

  // Time passes, but never within a task: readings rise nevertheless, since
  // pages make names of them.
  const Real = Date;
  // Where a script keeps the time, each document has its own, from its start on.
  const scripted = window.__tintypeTime?.now;
  const date = scripted ?? Real.now;
  // Browsers add noise to fractions of a millisecond.
  const precise = Performance.prototype.now.bind(performance);
  const elapsed = scripted ?? (() => Math.round(precise()));
  const shift = (() => {
    try {
      if (window !== parent && parent.__tintypeClock !== undefined) {
        return parent.__tintypeClock + (scripted ? parent.__tintypeTime.now() : 0);
      }
    } catch {
      // The parent is of another origin.
    }
    return config.start - date() + elapsed();
  })();
  Object.defineProperty(window, '__tintypeClock', { value: shift });
  let last = -Infinity;
  const present = config.stopped
    ? () => config.start
    : () => (last = Math.max(last + 1, Math.floor(date() + shift)));

  Real.now = function now() { return present(); };
  window.Date = new Proxy(Real, {
    construct: (target, given, maker) => Reflect.construct(target, given.length === 0 ? [present()] : given, maker),
    // `Date()` without `new` is text of the present.
    apply: (target) => new target(present()).toString(),
  });
  Real.prototype.constructor = window.Date;
  // So is a format without a date.
  const formats = Intl.DateTimeFormat.prototype;
  const { get } = Object.getOwnPropertyDescriptor(formats, 'format');
  const { formatToParts } = formats;
  const bound = new WeakMap();
  Object.defineProperty(formats, 'format', {
    get() {
      const original = get.call(this);
      if (!bound.has(original)) bound.set(original, (date = present()) => original(date));
      return bound.get(original);
    },
  });
  formats.formatToParts = function (date = present()) {
    return formatToParts.call(this, date);
  };
  if (window.Temporal) {
    const { Instant, Now } = Temporal;
    const instant = () => Instant.fromEpochMilliseconds(present());
    const zonedDateTimeISO = (zone = Now.timeZoneId()) => instant().toZonedDateTimeISO(zone);
    Object.assign(Now, {
      instant,
      zonedDateTimeISO,
      plainDateTimeISO: (zone) => zonedDateTimeISO(zone).toPlainDateTime(),
      plainDateISO: (zone) => zonedDateTimeISO(zone).toPlainDate(),
      plainTimeISO: (zone) => zonedDateTimeISO(zone).toPlainTime(),
    });
  }
  if (config.stopped) {
    performance.now = () => 0;
    const request = window.requestAnimationFrame;
    window.requestAnimationFrame = (callback) => request.call(window, () => callback(0));
    return;
  }
  let reading = -Infinity;
  performance.now = () => (reading = Math.max(reading + 0.005, elapsed()));
})
