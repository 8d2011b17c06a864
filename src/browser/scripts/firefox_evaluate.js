// Evaluates an expression to JSON text, because BiDi would wrap each part of a
// value in its type.
(async () => {
  const value = await (EXPRESSION);
  return __tintype.serialize(value);
})()
