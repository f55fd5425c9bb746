import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as keda from '@kubernetes-models/keda/keda.sh/v1alpha1';
import * as apps from 'kubernetes-models/apps/v1';
import * as batch from 'kubernetes-models/batch/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import { root } from '../repository.js';
import type { Manifest } from './manifests.js';

type Model = new (data: never) => { validate(): void };

const models: Readonly<
  Record<string, { module: string; classes: Readonly<Record<string, unknown>> }>
> = {
  v1: { module: 'kubernetes-models/v1', classes: core },
  'apps/v1': { module: 'kubernetes-models/apps/v1', classes: apps },
  'batch/v1': { module: 'kubernetes-models/batch/v1', classes: batch },
  'policy/v1': { module: 'kubernetes-models/policy/v1', classes: policy },
  'networking.k8s.io/v1': { module: 'kubernetes-models/networking.k8s.io/v1', classes: networking },
  'keda.sh/v1alpha1': { module: '@kubernetes-models/keda/keda.sh/v1alpha1', classes: keda },
};

const nameOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`;

/** What the JSON schemas of Kubernetes and KEDA say. They let unknown fields pass. */
export function schemaProblems(manifests: readonly Manifest[]): string[] {
  return manifests.flatMap((manifest) => {
    const model = models[manifest.apiVersion]?.classes[manifest.kind] as Model | undefined;
    if (!model) return [`${nameOf(manifest)}: there is no ${manifest.apiVersion} ${manifest.kind}`];
    try {
      new model(manifest as never).validate();
      return [];
    } catch (error) {
      return [`${nameOf(manifest)}: ${error instanceof Error ? error.message : error}`];
    }
  });
}

/**
 * Fields that Kubernetes would drop without a word, such as a misspelt optional one: the documents
 * are compiled as literals of the models' TypeScript interfaces.
 */
export function unknownFields(manifests: readonly Manifest[]): string[] {
  const source = manifests.map((manifest, i) => {
    const { module } = models[manifest.apiVersion] ?? { module: 'unknown' };
    const type = `import('${module}').I${manifest.kind}`;
    return `export const document${i}: ${type} = ${JSON.stringify(manifest)};`;
  });
  // Below node_modules, so that the models are found from there.
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'manifests-'));
  try {
    writeFileSync(join(folder, 'documents.ts'), source.join('\n'));
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, 'tsconfig.base.json'),
        compilerOptions: { noEmit: true, composite: false, declaration: false, types: [] },
        files: ['documents.ts'],
      }),
    );
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['--project', folder, '--pretty', 'false'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return [];
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    if (!stdout) throw error;
    return stdout
      .trim()
      .split('\n')
      .map((line) => {
        const at = Number(/documents\.ts\((\d+),/.exec(line)?.[1]);
        const manifest = manifests[at - 1];
        return manifest ? `${nameOf(manifest)}: ${line.replace(/^.*error TS\d+: /, '')}` : line;
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
