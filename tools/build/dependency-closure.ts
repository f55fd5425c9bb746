import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** ONNX Runtime needs two of these to install itself; types are for compilers. */
const unused = /^(adm-zip|global-agent|@types\/.*)$/;

/**
 * The folders, relative to `root`, of the packages that `folders` need when they run, found as
 * Node.js finds them. Optional dependencies count where they are installed, peers do not.
 */
export function dependencyClosure(
  root: string,
  folders: readonly string[],
  { without = [] }: { readonly without?: readonly string[] } = {},
): readonly string[] {
  const found = new Set<string>();
  const queue = folders.map((folder) => realpathSync(join(root, folder)));
  for (let folder = queue.pop(); folder !== undefined; folder = queue.pop()) {
    if (found.has(folder)) continue;
    found.add(folder);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const optional = manifest.optionalDependencies ?? {};
    for (const name of Object.keys({ ...manifest.dependencies, ...optional })) {
      if (unused.test(name) || without.includes(name)) continue;
      const target = installed(root, folder, name);
      if (target !== undefined) queue.push(realpathSync(target));
      else if (!(name in optional)) {
        throw new Error(`${name}, which ${manifest.name} needs, is not installed: run npm ci`);
      }
    }
  }
  return [...found].map((folder) => relative(realpathSync(root), folder)).sort();
}

function installed(root: string, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === realpathSync(root) || folder === dirname(folder)) return undefined;
  }
}

/** False for files of ONNX Runtime and of the tokenizers library for other platforms than this one. */
export function isForThisPlatform(path: string): boolean {
  const tokenizers = /\/tokenizers\.([a-z0-9]+)-([^/]+)\.node$/.exec(path);
  if (tokenizers) {
    const [, os, target = ''] = tokenizers;
    return os === process.platform && target.split('-').includes(process.arch);
  }
  const platform = /onnxruntime-node\/bin\/napi-v\d+\/([^/]+)(?:\/([^/]+))?/.exec(path);
  if (!platform) return true;
  const [, os, arch] = platform;
  return os === process.platform && (arch === undefined || arch === process.arch);
}
