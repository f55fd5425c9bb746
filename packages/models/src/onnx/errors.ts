import { LayersenseError } from '@layersense/contracts';
import { GraphError } from '@layersense/onnx-ir';

/** The first few of a list: a model repeats what is wrong with it once per layer. */
export function firstFew(items: readonly string[], shown = 3): string {
  const rest = items.length - shown;
  return [...items.slice(0, shown), ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}

/** What breaks a rule of ONNX breaks it in the file, which came from outside. */
export function orInvalidFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new LayersenseError(
      'checkpoint_invalid',
      `${file} cannot be used: ${error.message}. Export the model again.`,
      { file },
      { cause: error },
    );
  }
}
