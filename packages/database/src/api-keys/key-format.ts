import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * `ls_` · 8 characters that name the key · `_` · 43 of a 256-bit secret · 6 of a checksum.
 *
 * The prefix lets secret scanners find a key that was committed, and the checksum, the CRC-32 of
 * all before it, lets them and us tell a key from text that looks like one without asking anybody.
 */
const FORMAT = /^(ls_[0-9A-Za-z]{8})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE = BigInt(DIGITS.length);
const SECRET_BYTES = 32;

export interface ParsedKey {
  /** The public part: `ls_` and the name. */
  readonly prefix: string;
  /** SHA-256 of the secret: 256 random bits need no slow hash. */
  readonly hash: Buffer;
}

/** A new key. It is the only copy. */
export function generateKey(): string {
  const name = base62(randomBytes(8), 11).slice(-8);
  const body = `ls_${name}_${base62(randomBytes(SECRET_BYTES), 43)}`;
  return body + checksum(body);
}

/** The parts of a key; undefined for text that is none, such as one with a mistyped character. */
export function parseKey(text: string): ParsedKey | undefined {
  const [, prefix, secret, sum] = FORMAT.exec(text) ?? [];
  if (prefix === undefined || secret === undefined) return undefined;
  if (checksum(`${prefix}_${secret}`) !== sum) return undefined;
  return { prefix, hash: createHash('sha256').update(secret).digest() };
}

function checksum(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return base62(bytes, 6);
}

/** The bytes as a number in base 62, filled up with zeros to `length` digits. */
function base62(bytes: Uint8Array, length: number): string {
  let rest = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let digits = '';
  for (; rest > 0n; rest /= BASE) digits = (DIGITS[Number(rest % BASE)] ?? '') + digits;
  return digits.padStart(length, '0');
}
