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
