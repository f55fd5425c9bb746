/**
 * The first `out.length` unsigned integers of so many bits (1 to 8) that lie in a row of 32-bit words one
 * directly after the other, from the lowest bit of the first word on. A field may go on in the next word.
 */
export function unpackFields(words: Uint32Array, bits: number, out: Float32Array): void {
  const mask = 2 ** bits - 1;
  for (let i = 0; i < out.length; i++) {
    const at = i * bits;
    const [word, shift] = [at >>> 5, at & 31];
    const low = (words[word] ?? 0) >>> shift;
    const inNext = shift + bits - 32;
    out[i] = (inNext > 0 ? low | ((words[word + 1] ?? 0) << (bits - inNext)) : low) & mask;
  }
}

/** As {@link unpackFields}, but a word holds whole fields only: its upper bits are left over where they do not fit. */
export function unpackWholeFields(words: Uint32Array, bits: number, out: Float32Array): void {
  const mask = 2 ** bits - 1;
  const perWord = Math.floor(32 / bits);
  for (let i = 0; i < out.length; i++) {
    const word = Math.floor(i / perWord);
    out[i] = ((words[word] ?? 0) >>> ((i - word * perWord) * bits)) & mask;
  }
}
