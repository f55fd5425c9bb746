import {
  bitsPerWeight,
  type FormatFamily,
  families,
  familyFormats,
  type NumericFormat,
} from '@layersense/formats';

const SHAPE = [4096, 4096] as const;

/** docs/reference/formats.md, from the entries of packages/formats. */
export function formatsPage(): string {
  return `<!-- Written by tools/build/generate-docs.ts. -->

# Numeric formats

What the weights of a matrix can be rounded to. A format is one definition, that of the tool or paper which it
names; tools round alike-named formats differently, and each entry says who does so likewise and who otherwise. They
are formats of weights alone: schemes that round activations too (W4A4, W8A8) are not covered.

Groups run along the inputs of a matrix. Bits a weight are those of a ${SHAPE.join(' × ')} matrix, with scales, zero points
and what a layout pads. x is a weight, q its code and y what the code stands for; max and min are those of what shares
a scale; "to the nearest" has halves as said. Names in braces and brackets stand for one of a choice and for what may be
left out.

${families.map(familySection).join('\n')}`;
}

function familySection(family: FormatFamily): string {
  const patterns = family.patterns.map(({ pattern }) => `\`${pattern}\``).join(', ');
  const groups = alike(familyFormats(family)).map(groupEntry);
  return `## ${family.title}\n\n${patterns}\n\n${groups.join('\n')}`;
}

/** Formats whose entries differ in numbers alone are described once. */
function alike(formats: readonly NumericFormat[]): NumericFormat[][] {
  const groups = new Map<string, NumericFormat[]>();
  for (const format of formats) {
    const { definition, roundsLike, differsFrom } = format;
    const words = [definition, ...roundsLike, ...differsFrom].join().replaceAll(/[\d.]+/g, '#');
    groups.set(words, [...(groups.get(words) ?? []), format]);
  }
  return [...groups.values()];
}

function groupEntry(formats: readonly NumericFormat[]): string {
  const example = formats.find(({ name }) => /^[a-z_]*4/.test(name)) ?? formats[0];
  if (example === undefined) throw new Error('a group has a format');
  const { definition, roundsLike, differsFrom, searched, name } = example;
  const bits = formats.map((format) => `\`${format.name}\` ${bitsOf(format)}`).join(', ');
  const lines = [
    `- ${bits} bits.`,
    `${formats.length > 1 ? `\`${name}\`: ` : ''}${definition}`,
    ...(searched ? ['Its scales are searched for.'] : []),
    `Rounds likewise: ${roundsLike.join('; ')}.`,
    ...(differsFrom.length > 0 ? [`Otherwise: ${differsFrom.join('; ')}.`] : []),
  ];
  return `${lines.join('\n  ')}\n`;
}

function bitsOf(format: NumericFormat): string {
  return String(Number(bitsPerWeight(format, SHAPE).toFixed(5)));
}
