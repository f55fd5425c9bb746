import { createHash } from 'node:crypto';
import type { ModelInput } from './calibration-example.js';

/** Identity of one example: the first 128 bits, in hex, of its {@link fingerprint}. */
export function exampleHash(example: ModelInput): string {
  return fingerprint([example]).slice(0, 32);
}

/**
 * Identity of what a model is given and asked: the sha256, in hex, of every example's token count
 * followed by its token ids, in order, each number as a 32-bit little-endian integer; where examples
 * have targets of their own, or segments, of the lists of these in the same form. The counts make the
 * division into examples part of the identity.
 */
export function fingerprint(examples: Iterable<ModelInput>): string {
  const hash = createHash('sha256');
  for (const { inputIds, targets, segments } of examples) {
    for (const list of [inputIds, targets, segments]) if (list) hash.update(bytesOf(list));
  }
  return hash.digest('hex');
}

function bytesOf(list: Int32Array): Buffer {
  const bytes = Buffer.alloc(4 * (list.length + 1));
  bytes.writeUInt32LE(list.length, 0);
  for (const [i, value] of list.entries()) bytes.writeInt32LE(value, 4 * (i + 1));
  return bytes;
}
