/** A string, which may hold the words as text, or one of the constants. An open string ends the text. */
const STRING_OR_CONSTANT = /"[^"\\]*(?:\\.[^"\\]*)*"?|-?\bInfinity\b|\bNaN\b/gs;

const constants: Readonly<Record<string, number>> = {
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
};

/**
 * JSON as Python's `json` writes it: with the constants `Infinity`, `-Infinity` and `NaN` where a
 * number is not finite, or with `{"__float__": "Infinity"}` as transformers 5 does. Whoever reads such
 * a value gets the number, and refuses it where it has to be finite.
 *
 * @throws SyntaxError
 */
export function parsePythonJson(text: string): unknown {
  if (text.includes('"__float__"')) return JSON.parse(withoutConstants(text), reviveFloat);
  try {
    return JSON.parse(text);
  } catch (error) {
    const rewritten = withoutConstants(text);
    if (rewritten === text) throw error;
    return JSON.parse(rewritten, reviveFloat);
  }
}

function withoutConstants(text: string): string {
  return text.replace(STRING_OR_CONSTANT, (token) =>
    token.startsWith('"') ? token : `{"__float__":"${token}"}`,
  );
}

function reviveFloat(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return value;
  const name = '__float__' in value ? value.__float__ : undefined;
  return typeof name === 'string' && Object.hasOwn(constants, name) ? constants[name] : value;
}
