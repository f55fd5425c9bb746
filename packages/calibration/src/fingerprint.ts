import { createHash } from 'node:crypto';

/** Identity of one example's tokens: the first 128 bits, in hex, of its {@link fingerprint}. */
export function exampleHash(inputIds: Int32Array): string {
  return fingerprint([inputIds]).slice(0, 32);
}

/**
 * Identity of a token stream: the sha256, in hex, of every example's token count followed by its
 * token ids, in order, each number as an unsigned 32-bit little-endian integer. The counts make the
 * division into examples part of the identity.
 */
export function fingerprint(examples: Iterable<Int32Array>): string {
  const hash = createHash('sha256');
  for (const inputIds of examples) {
    const bytes = Buffer.alloc(4 * (inputIds.length + 1));
    bytes.writeUInt32LE(inputIds.length, 0);
    for (const [i, id] of inputIds.entries()) bytes.writeUInt32LE(id, 4 * (i + 1));
    hash.update(bytes);
  }
  return hash.digest('hex');
}
