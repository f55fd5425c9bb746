import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The packages that a check of a GPU goes through; what they depend on is found from here. */
const roots = ['contracts', 'model-source', 'models', 'onnx-ir', 'runtime', 'sensitivity'].map(
  (name) => `@layersense/${name}`,
);

/** ONNX Runtime needs two of these to install itself; types are for compilers. */
const unused = /^(adm-zip|global-agent|@types\/.*)$/;

/** Lays out a small copy of the repository in `folder`. Returns the number of packages in it. */
export function packCheckGpu(root, folder) {
  const modules = join(folder, 'node_modules');
  const packages = closure(root, roots);
  for (const name of packages) {
    cpSync(join(root, 'node_modules', name), join(modules, name), {
      recursive: true,
      dereference: true,
      filter: (path) => isNeeded(path),
    });
  }
  for (const path of ['apps/worker/dist/check-gpu', 'apps/worker/dist/test-support', 'scripts']) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  for (const path of ['apps/worker/package.json', 'packages/testing/fixtures', 'demo/model']) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  mkdirSync(join(folder, 'docs/measurements'), { recursive: true });
  return packages.size;
}

function closure(root, names) {
  const found = new Set();
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (found.has(name) || unused.test(name)) continue;
    found.add(name);
    const manifest = join(root, 'node_modules', name, 'package.json');
    if (!existsSync(manifest)) throw new Error(`${name} is not in node_modules: run npm ci`);
    queue.push(...Object.keys(JSON.parse(readFileSync(manifest, 'utf8')).dependencies ?? {}));
  }
  return found;
}

/** Built code of this project, and of ONNX Runtime what this platform loads. */
function isNeeded(path) {
  const inProject = /@layersense\/[^/]+\/([^/]+)$/.exec(path)?.[1];
  if (inProject !== undefined) return ['dist', 'package.json'].includes(inProject);
  const platform = /onnxruntime-node\/bin\/napi-v\d+\/([^/]+)(?:\/([^/]+))?/.exec(path);
  if (!platform) return true;
  const [, os, arch] = platform;
  return os === process.platform && (arch === undefined || arch === process.arch);
}
