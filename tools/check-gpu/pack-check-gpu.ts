import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { dependencyClosure, isForThisPlatform } from '../build/dependency-closure.js';

/** The packages that a check of a GPU goes through; what they depend on is found from here. */
const roots = ['contracts', 'model-source', 'models', 'onnx-ir', 'runtime', 'sensitivity'].map(
  (name) => `packages/${name}`,
);

/** Lays out a small copy of the repository in `folder`. Returns the number of packages in it. */
export function packCheckGpu(root: string, folder: string): number {
  const modules = join(folder, 'node_modules');
  const packages = dependencyClosure(root, roots);
  for (const source of packages) {
    const { name } = JSON.parse(readFileSync(join(root, source, 'package.json'), 'utf8'));
    const from = join(root, source);
    const isOurs = !source.includes('node_modules');
    cpSync(from, join(modules, name), {
      recursive: true,
      filter: (path) => isForThisPlatform(path) && (!isOurs || isBuilt(relative(from, path))),
    });
  }
  for (const path of ['packages/testing/dist', 'tools/dist']) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  for (const path of ['packages/testing/package.json', 'packages/testing/fixtures', 'demo/model']) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  symlinkSync('../../packages/testing', join(modules, '@layersense/testing'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  mkdirSync(join(folder, 'docs/measurements'), { recursive: true });
  return packages.length;
}

const isBuilt = (path: string): boolean => path === 'package.json' || /^(dist)?(\/|$)/.test(path);
