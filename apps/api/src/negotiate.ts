import { LayersenseError } from '@layersense/contracts';

/**
 * The media type of `offers` that an Accept header asks for most (RFC 9110, 12.5.1): the most
 * specific range that matches a type gives its quality; among equals the one named first wins, then
 * the one offered first.
 *
 * @throws LayersenseError `not_acceptable`
 */
export function negotiate<Type extends string>(
  accept: string | undefined,
  offers: readonly [Type, ...Type[]],
): Type {
  const ranges = parseAccept(accept ?? '*/*');
  let best: { offer: Type; range: Range } | undefined;
  for (const offer of offers) {
    const range = mostSpecific(offer, ranges);
    if (range === undefined || range.quality === 0) continue;
    if (best === undefined || comesBefore(range, best.range)) best = { offer, range };
  }
  if (best) return best.offer;
  throw new LayersenseError(
    'not_acceptable',
    `There is no answer as ${(accept ?? '').slice(0, 200)}. Accept one of ${offers.join(', ')}.`,
    { offers },
  );
}

interface Range {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly position: number;
}

function parseAccept(header: string): Range[] {
  const parts = header.split(',').filter((part) => part.trim() !== '');
  if (parts.length === 0) return parseAccept('*/*');
  return parts.map((part, position) => {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const [type = '', subtype = ''] = name.split('/');
    const quality = parameters.find((text) => /^q *=/.test(text));
    return { type, subtype, quality: quality === undefined ? 1 : qualityOf(quality), position };
  });
}

/** What is no number between 0 and 1 counts as 0: an unreadable wish is not granted. */
function qualityOf(parameter: string): number {
  const value = Number(parameter.replace(/^q *= */, ''));
  return value >= 0 && value <= 1 ? value : 0;
}

function mostSpecific(offer: string, ranges: readonly Range[]): Range | undefined {
  const [type, subtype] = offer.split('/');
  const matching = (wanted: string | undefined, also: string | undefined) =>
    ranges.find((range) => range.type === wanted && range.subtype === also);
  return matching(type, subtype) ?? matching(type, '*') ?? matching('*', '*');
}

const comesBefore = (a: Range, b: Range): boolean =>
  a.quality > b.quality || (a.quality === b.quality && a.position < b.position);
