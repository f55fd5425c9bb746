import { isJsonObject, type JsonObject } from './read-json-object.js';

/** The regular expression that a ByteLevel pre-tokenizer implies: GPT-2's. */
const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * Spells out two pre-tokenizers of tokenizer.json that `@huggingface/tokenizers` 0.2.0 runs with
 * JavaScript's character classes, where Python's (Rust) have other members. As explicit patterns,
 * which the library translates class by class, they give Python's tokens:
 *
 * - ByteLevel's built-in pattern: `\s` has U+FEFF in JavaScript, and U+0085 in Rust.
 * - Digits: `\d` is 0-9 in JavaScript; Rust takes every numeric character, such as ½ and ৪.
 *
 * A ByteLevel that adds a prefix space stays as it is: it must see the text before it is split.
 */
export function rewritePreTokenizers(preTokenizer: unknown): unknown {
  if (!isJsonObject(preTokenizer)) return preTokenizer;
  const {
    type,
    pretokenizers,
    use_regex = true,
    add_prefix_space,
    individual_digits,
  } = preTokenizer;
  if (type === 'Sequence' && Array.isArray(pretokenizers)) {
    return { ...preTokenizer, pretokenizers: pretokenizers.map(rewritePreTokenizers) };
  }
  if (type === 'Digits') return isolate(individual_digits === true ? '\\p{N}' : '\\p{N}+');
  if (type === 'ByteLevel' && use_regex === true && add_prefix_space === false) {
    const bytes = { ...preTokenizer, use_regex: false };
    return { type: 'Sequence', pretokenizers: [isolate(GPT2_PATTERN), bytes] };
  }
  return preTokenizer;
}

function isolate(pattern: string): JsonObject {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}
