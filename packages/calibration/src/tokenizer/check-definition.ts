import { isJsonObject, type JsonObject } from './read-json-object.js';

/** The library makes a list as long as the largest id; the largest vocabularies have 262,144 tokens. */
const MAX_TOKENS = 2 ** 22;

/** What is wrong with the token ids of a tokenizer.json, or undefined where nothing is. */
export function problemWithTokenIds({ model, added_tokens }: JsonObject): string | undefined {
  const vocabulary = isJsonObject(model) ? model.vocab : undefined;
  const listed = isJsonObject(vocabulary) ? Object.entries(vocabulary) : [];
  const added: unknown = added_tokens ?? [];
  if (!Array.isArray(added)) return '"added_tokens" is no list';
  for (const token of added) {
    if (!isJsonObject(token) || typeof token.content !== 'string') {
      return '"added_tokens" has an entry without "content"';
    }
    listed.push([token.content, token.id]);
  }
  const wrong = listed.find(([, id]) => !isTokenId(id));
  return wrong && `the token ${JSON.stringify(wrong[0])} has the id ${JSON.stringify(wrong[1])}`;
}

function isTokenId(id: unknown): boolean {
  return Number.isSafeInteger(id) && Number(id) >= 0 && Number(id) < MAX_TOKENS;
}
