import { LayersenseError } from '@layersense/contracts';

const CONVERSION =
  'Convert them to safetensors: in Python, AutoModelForCausalLM.from_pretrained(...).save_pretrained(...)';

/** Why a folder or repository with these files has no weights for us, and what to do about it. */
export function missingWeights(model: string, files: readonly string[]): LayersenseError {
  const has = (pattern: RegExp) => files.some((file) => pattern.test(file));
  let problem = 'holds neither model.safetensors nor model.safetensors.index.json';
  let advice = 'Name the folder or repository that save_pretrained wrote.';
  if (has(/^pytorch_model.*\.bin$/)) {
    problem = 'has its weights only as pytorch_model.bin, which is code and never loaded here';
    advice = `${CONVERSION}.`;
  } else if (has(/\.gguf$/)) {
    problem = 'has its weights only as GGUF';
    advice = 'Name the repository that it was converted from.';
  } else if (has(/^adapter_model\./)) {
    problem = 'is an adapter without its base model';
    advice = 'Merge it into the base model (merge_and_unload) and save that.';
  }
  return new LayersenseError('checkpoint_missing', `${model} ${problem}. ${advice}`, { model });
}
