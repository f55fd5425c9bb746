/** Tokens with the segment, 0 or 1, that each belongs to. */
export interface Sequence {
  readonly ids: readonly number[];
  readonly segments: readonly number[];
}

export interface BoundedSequence extends Sequence {
  /** Whether tokens of the texts were left out. */
  readonly truncated: boolean;
}

interface SequenceEncoder {
  /** The tokens of one text alone. */
  readonly plain: (text: string) => Promise<readonly number[]>;
  /** All of a text, or of two, with the special tokens of the post-processor. */
  readonly whole: () => Promise<Sequence>;
}

/**
 * One text or two, with the special tokens around them, in at most `maxLength` tokens. Texts are cut at
 * their ends, the longer of two first, and special tokens stay: what transformers does with
 * `truncation=True`. Where `maxLength` holds nothing but special tokens, no token of a text is left.
 */
export async function encodeSequence(
  texts: readonly string[],
  maxLength: number,
  { plain, whole }: SequenceEncoder,
): Promise<BoundedSequence> {
  const all = await whole();
  const excess = all.ids.length - maxLength;
  if (excess <= 0) return { ...all, truncated: false };
  const parts = await Promise.all(texts.map(plain));
  const starts = placesOf(parts, all.ids);
  const kept = keptLengths(
    parts.map(({ length }) => length),
    excess,
  );
  const dropped = new Set(
    parts.flatMap(({ length }, i) =>
      range((starts[i] ?? 0) + (kept[i] ?? 0), (starts[i] ?? 0) + length),
    ),
  );
  const keep = <T>(values: readonly T[]) => values.filter((_, position) => !dropped.has(position));
  return { ids: keep(all.ids), segments: keep(all.segments), truncated: true };
}

/** Where each part starts in `ids`, which holds them in order with other tokens between. */
function placesOf(parts: readonly (readonly number[])[], ids: readonly number[]): number[] {
  let from = 0;
  return parts.map((part) => {
    let start = from;
    while (start + part.length < ids.length && !part.every((id, i) => ids[start + i] === id)) {
      start += 1;
    }
    from = start + part.length;
    return start;
  });
}

/** Takes `excess` tokens away one by one, always from the longest; of equals, from the last. */
function keptLengths(lengths: readonly number[], excess: number): number[] {
  const kept = [...lengths];
  for (let i = 0; i < excess; i++) {
    const longest = kept.lastIndexOf(Math.max(...kept));
    kept[longest] = Math.max(0, (kept[longest] ?? 0) - 1);
  }
  return kept;
}

function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);
}
