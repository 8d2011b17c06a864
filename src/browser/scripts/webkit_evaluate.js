// Evaluates an expression to its `value`, or to an `error`.
const done = arguments[0];
(async () => {
  if (!document.__tintypePrepared) throw 'the page has no library';
  return (await (EXPRESSION)) ?? null;
})().then(
  (value) => done({ value }),
  (error) => done({ error: String(error) }),
);
