import { LayersenseError } from '@layersense/contracts';

/** A pattern comes with a request, and every wildcard multiplies the time a mismatch can take. */
const MAX_WILDCARDS = 5;
const META = /[.+^${}()|[\]\\]/g;

/**
 * `*` within a folder, `**` across folders, `?` one character; everything else is itself.
 *
 * @throws LayersenseError `invalid_request` for more than five wildcards.
 */
export function globPattern(glob: string): RegExp {
  const parts = glob.split(/(\*\*\/|\*\*|\*|\?)/);
  if (parts.filter((part) => part.includes('*')).length > MAX_WILDCARDS) {
    throw new LayersenseError(
      'invalid_request',
      `The pattern ${glob.slice(0, 200)} has more than ${MAX_WILDCARDS} wildcards. Name the files or their folder.`,
      { pattern: glob.slice(0, 200) },
    );
  }
  const source = parts.map((part) => wildcards.get(part) ?? part.replace(META, '\\$&')).join('');
  return new RegExp(`^${source}$`);
}

const wildcards: ReadonlyMap<string, string> = new Map([
  ['**/', '(?:.*/)?'],
  ['**', '.*'],
  ['*', '[^/]*'],
  ['?', '[^/]'],
]);
