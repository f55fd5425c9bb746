/** What a secret looks like, and what is left of it. */
const patterns: readonly (readonly [RegExp, string])[] = [
  // User and password of a URL: postgres://, redis://, a proxy's.
  [/([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@"'\\]+@/gi, '$1***@'],
  // Our keys keep the part that names them.
  [/(ls_[0-9A-Za-z]{8})_[0-9A-Za-z]{10,}/g, '$1_***'],
  [/whsec_[0-9A-Za-z+/=]{8,}/g, 'whsec_***'],
  // Tokens of the Hugging Face Hub.
  [/hf_[0-9A-Za-z]{30,}/g, 'hf_***'],
  [/\b(Bearer|Basic) +[\w.~+/=-]{16,}/gi, '$1 ***'],
];

/**
 * The text without what would let its reader act as somebody else. Messages of libraries quote
 * addresses and headers, so everything that leaves a process as a log line or a problem passes here.
 */
export function redactSecrets(text: string): string {
  return patterns.reduce((rest, [pattern, mark]) => rest.replace(pattern, mark), text);
}
