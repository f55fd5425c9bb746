import { type Checkpoint, sameValues } from '@layersense/model-source';
import { type DeclaredTie, declaredTies } from '@layersense/models';

export interface TiedCheckpoint {
  /** Its tensors are parameters: of what is tied, one is left. */
  readonly checkpoint: Checkpoint;
  /** Stored tensors that are another one again. */
  readonly copies: readonly string[];
  /** What a reader of the numbers must know: where the files and config.json do not say the same. */
  readonly notes: readonly string[];
}

/**
 * Ties what transformers 5 ties (modeling_utils.py, tie_weights): what config.json ties and the files
 * hold once, under either name, or twice alike. What they hold twice with different values stays two
 * parameters.
 *
 * @throws LayersenseError those of reading the weights
 */
export async function tieWeights(checkpoint: Checkpoint): Promise<TiedCheckpoint> {
  let tensors = new Map(checkpoint.tensors);
  const [copies, notes]: [string[], string[]] = [[], []];
  for (const tie of declaredTies(checkpoint.config, checkpoint.tensors)) {
    const { stored, sources, parameter } = tie;
    const [source] = sources;
    if (await isCopy(checkpoint, tie)) {
      tensors.delete(stored);
      copies.push(stored);
    } else if (source !== undefined) {
      notes.push(
        `config.json ties ${stored}, but the files hold other values for it than for ${parameter === undefined ? 'any other matrix of its shape' : source}: it is a weight of its own`,
      );
    } else if (parameter !== undefined) {
      const renamed = [...tensors].map(
        ([name, each]) => [name === stored ? parameter : name, each] as const,
      );
      tensors = new Map(renamed);
      notes.push(`${parameter} is stored as ${stored}, which config.json ties to it`);
    }
  }
  return { checkpoint: { ...checkpoint, tensors }, copies, notes };
}

async function isCopy(
  { tensors, weightsFolder }: Checkpoint,
  { stored, sources }: DeclaredTie,
): Promise<boolean> {
  const ref = tensors.get(stored);
  for (const name of sources) {
    const source = tensors.get(name);
    if (ref && source && (await sameValues(weightsFolder, ref, source))) return true;
  }
  return false;
}
