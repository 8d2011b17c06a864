// Stops the page's clock and seeds its chance, before its own first script.
// `config` is { clock: ms | null, seed: number | null }.
((config) => {
  if (config.seed !== null) {
    // Mulberry32, by Tommy Ettinger, public domain.
    let state = config.seed >>> 0;
    Math.random = () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  }
  if (config.clock === null) return;
  const Real = Date;
  class Frozen extends Real {
    constructor(...given) {
      if (given.length === 0) super(config.clock);
      else super(...given);
    }
    static now() {
      return config.clock;
    }
  }
  // `Date()` without `new` is text of the present.
  window.Date = new Proxy(Frozen, { apply: () => new Frozen().toString() });
  // So is a format without a date.
  const formats = Intl.DateTimeFormat.prototype;
  const { get } = Object.getOwnPropertyDescriptor(formats, 'format');
  const { formatToParts } = formats;
  const bound = new WeakMap();
  Object.defineProperty(formats, 'format', {
    get() {
      const original = get.call(this);
      if (!bound.has(original)) bound.set(original, (date = config.clock) => original(date));
      return bound.get(original);
    },
  });
  formats.formatToParts = function (date = config.clock) {
    return formatToParts.call(this, date);
  };
  if (window.Temporal) {
    const { Instant, Now } = Temporal;
    const instant = () => Instant.fromEpochMilliseconds(config.clock);
    const zonedDateTimeISO = (zone = Now.timeZoneId()) => instant().toZonedDateTimeISO(zone);
    Object.assign(Now, {
      instant,
      zonedDateTimeISO,
      plainDateTimeISO: (zone) => zonedDateTimeISO(zone).toPlainDateTime(),
      plainDateISO: (zone) => zonedDateTimeISO(zone).toPlainDate(),
      plainTimeISO: (zone) => zonedDateTimeISO(zone).toPlainTime(),
    });
  }
  performance.now = () => 0;
  const request = window.requestAnimationFrame;
  window.requestAnimationFrame = (callback) => request.call(window, () => callback(0));
})
