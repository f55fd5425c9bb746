/**
 * The text with U+FFFD in the place of every control character but line feeds and tabs, and of every half
 * of a surrogate pair. Messages quote what a file holds: PostgreSQL stores no NUL, and a terminal would
 * obey the rest.
 */
export function printable(text: string): string {
  return text.replaceAll(/(?![\n\t])[\p{Cc}\p{Cs}]/gu, '\uFFFD');
}
