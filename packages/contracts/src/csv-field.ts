/** A field of RFC 4180: empty where there is no value, quoted where its text asks for it. */
export function csvField(value: string | number | null | undefined): string {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
