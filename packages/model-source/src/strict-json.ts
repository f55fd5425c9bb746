const JSON_TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/gs;

/**
 * `parse` that also refuses an object with two equal keys, of which `JSON.parse` would keep the
 * last: two readers of one file could then see different tensors under one name.
 *
 * @param parse reads JSON, or JSON as Python writes it.
 * @throws SyntaxError on text that is not JSON or names a key twice.
 */
export function parseStrictJson(
  text: string,
  parse: (text: string) => unknown = JSON.parse,
): unknown {
  const value = parse(text);
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) throw new SyntaxError(`The key ${duplicate} appears twice`);
  return value;
}

/** The first repeated key of any object in `text`, which must be valid JSON. */
function findDuplicateKey(text: string): string | undefined {
  /** The keys of every open object; `undefined` stands for an open array. */
  const open: (Set<string> | undefined)[] = [];
  let keyExpected = false;
  for (const [token] of text.matchAll(JSON_TOKEN)) {
    if (token.startsWith('"')) {
      const keys = open.at(-1);
      if (!keyExpected || keys === undefined) continue;
      // Decoded, because "a" and "\\u0061" are one key.
      const key = JSON.parse(token) as string;
      if (keys.has(key)) return token;
      keys.add(key);
    } else {
      if (token === '{') open.push(new Set());
      else if (token === '[') open.push(undefined);
      else if (token === '}' || token === ']') open.pop();
      keyExpected = token === '{' || token === ',';
    }
  }
  return undefined;
}
