// Adds to package-lock.json the optional packages of other platforms that npm left out because the
// registry in use does not serve them: `npm ci` refuses a lock file without them.
//
//   npm run lockfile    (after every npm install that changes package-lock.json)
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../../package-lock.json', import.meta.url);
/**
 * @typedef {{ optionalDependencies?: Record<string, string>, dev?: boolean }} Entry
 * @type {{ packages: Record<string, Entry> }}
 */
const lock = JSON.parse(readFileSync(file, 'utf8'));
const platforms = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'win32'];
const added = [];

for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    const platform = platformOf(name);
    if (lock.packages[path] || platform === undefined) continue;
    const dev = entry.dev ? { dev: true } : {};
    Object.assign(lock.packages, { [path]: { version, ...platform, ...dev, optional: true } });
    added.push(name);
  }
}

lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)),
);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length === 0 ? 'nothing was missing' : `added ${added.join(', ')}`);

/**
 * npm's `os`, `cpu` and `libc` from a name such as cli-linux-x64-musl; undefined without os and cpu.
 *
 * @param {string} name
 */
function platformOf(name) {
  const parts = name.split(/[/-]/);
  const os = parts.includes('openharmony')
    ? 'openharmony'
    : platforms.find((platform) => parts.includes(platform));
  const cpu = parts.find((part) => /^(arm|arm64|ia32|ppc64|riscv64|s390x|x64|loong64)$/.test(part));
  const libc = parts.some((part) => part.startsWith('musl')) ? { libc: ['musl'] } : {};
  return os && cpu ? { cpu: [cpu], os: [os], ...libc } : undefined;
}
