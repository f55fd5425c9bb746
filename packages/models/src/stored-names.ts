/**
 * The names a parameter may be stored under: also those of a checkpoint that was saved from the model
 * without its head, as GPT-2's on the Hub, and of one that was converted from TensorFlow, as BERT's.
 */
export function storedNames(parameter: string): readonly string[] {
  const converted = parameter
    .replace(/(?<=\.LayerNorm\.)weight$/, 'gamma')
    .replace(/(?<=\.LayerNorm\.)bias$/, 'beta');
  return [parameter, converted].flatMap((each) => [
    each,
    each.replace(/^(model|transformer|bert)\./, ''),
  ]);
}

/** The name that PyTorch gives to what a conversion from TensorFlow has stored under its own. */
export function unconvertedName(stored: string): string {
  return stored
    .replace(/(?<=\.LayerNorm\.)gamma$/, 'weight')
    .replace(/(?<=\.LayerNorm\.)beta$/, 'bias');
}

/** A tensor that has the name of a missing parameter but for what a wrapper has put around it. */
export interface WrappedName {
  readonly stored: string;
  /** What is wrapped around the names, and how to be rid of it. */
  readonly reason: string;
}

const wrappers: readonly (readonly [RegExp, string])[] = [
  [
    /\.base_layer\.|^base_model\.model\./,
    'an adapter (PEFT) is attached to it. Merge the adapter, merge_and_unload(), and save the result',
  ],
  [
    /^module\./,
    'it was saved while wrapped for parallel training. Save the model inside, model.module, or rename the tensors without "module."',
  ],
  [
    /^_orig_mod\./,
    'it was saved while compiled. Save the model inside, model._orig_mod, or rename the tensors without "_orig_mod."',
  ],
];

/** How a missing parameter is called in a checkpoint that was saved from inside something else. */
export function wrappedName(names: Iterable<string>, parameter: string): WrappedName | undefined {
  const wanted = storedNames(parameter);
  for (const stored of names) {
    const bare = stored.replace('.base_layer.', '.');
    const match = wanted.find((name) => bare === name || bare.endsWith(`.${name}`));
    if (match === undefined) continue;
    const prefix = bare.slice(0, -match.length);
    const known = wrappers.find(([pattern]) => pattern.test(stored))?.[1];
    const reason =
      known ??
      `its names begin with ${JSON.stringify(prefix)}. Save the language model alone, or rename the tensors without that`;
    return { stored, reason };
  }
  return undefined;
}
