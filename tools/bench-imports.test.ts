import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';

const bench = new URL('./bench/', import.meta.url);
const scripts = readdirSync(bench).filter((name) => name.endsWith('.mjs'));

/** Named imports of a script, by what they are imported from. */
function importsOf(script: string): readonly (readonly [from: string, names: string[]])[] {
  const text = readFileSync(new URL(script, bench), 'utf8');
  return [...text.matchAll(/^import \{([^}]+)\} from '([^']+)';/gm)].map(
    ([, names = '', from = '']) => [
      from,
      names.split(',').flatMap((name) => name.trim().split(' as ')[0] || []),
    ],
  );
}

it.each(scripts)('%s imports what is there', async (script) => {
  const url = new URL(script, bench);
  for (const [from, names] of importsOf(script)) {
    // Scripts run when they are imported.
    if (from.startsWith('./')) {
      const text = readFileSync(new URL(from, url), 'utf8');
      for (const name of names) expect(text).toMatch(new RegExp(`^export .*\\b${name}\\b`, 'm'));
      continue;
    }
    const target = from.startsWith('.')
      ? new URL(from, url).href
      : pathToFileURL(createRequire(url).resolve(from)).href;
    const module = await import(from.startsWith('node:') ? from : target);
    for (const name of names) expect(module, `${from} of ${script}`).toHaveProperty(name);
  }
});
