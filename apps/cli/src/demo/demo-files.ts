import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LayersenseError } from '@layersense/contracts';

/** `demo/` of this repository: a small trained model and two calibration sets. */
export const demoFolder = fileURLToPath(new URL('../../../../demo', import.meta.url));

export interface DemoFiles {
  readonly model: string;
  readonly arithmetic: string;
  readonly encyclopedia: string;
}

/** @throws LayersenseError `model_not_found` or `dataset_not_found` */
export function demoFiles(): DemoFiles {
  const files = {
    model: join(demoFolder, 'model'),
    arithmetic: join(demoFolder, 'datasets', 'arithmetic.jsonl'),
    encyclopedia: join(demoFolder, 'datasets', 'encyclopedia.jsonl'),
  };
  for (const [name, path] of Object.entries(files)) {
    if (existsSync(path)) continue;
    throw new LayersenseError(
      name === 'model' ? 'model_not_found' : 'dataset_not_found',
      `The demo needs ${path}, which is missing. It comes with the repository: run the demo from a complete clone.`,
    );
  }
  return files;
}
