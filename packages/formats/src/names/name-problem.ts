import { families } from '../families.js';
import { editDistance } from './edit-distance.js';
import { choicesOf, loosePattern } from './expand-pattern.js';
import type { NamePattern } from './format-family.js';
import { otherNames } from './other-names.js';

export interface NameProblem {
  /** What is wrong with the name, as a sentence. */
  readonly problem: string;
  /** Names that were perhaps meant. */
  readonly nearest: readonly string[];
}

/** Why no format has this name. */
export function nameProblem(name: string, known: readonly string[]): NameProblem {
  const plain = name.trim().toLowerCase().replaceAll('-', '_');
  const here = known.includes(plain) ? plain : otherNames[plain];
  if (here !== undefined) {
    return { problem: `It is called ${here} here.`, nearest: known.filter((it) => it === here) };
  }
  if (/w\d+a\d+|a\d+$/.test(plain)) {
    return {
      problem:
        'It names what becomes of activations too, and formats are of weights alone: W4A4, W8A8 and their like are not covered.',
      nearest: [],
    };
  }
  const mixture = /^(q\d_k)_(s|m|l|xl)$/.exec(plain)?.[1];
  if (mixture !== undefined && known.includes(mixture)) {
    return {
      problem: `llama-quantize calls a mixture of formats so, most of them ${mixture}.`,
      nearest: [mixture],
    };
  }
  return (
    unfinished(plain, known) ??
    choiceProblem(plain, known) ?? {
      problem: 'No family has such names.',
      nearest: closest(plain, known),
    }
  );
}

/** The name has the form of a family, with a number or word that the family has not. */
function choiceProblem(name: string, known: readonly string[]): NameProblem | undefined {
  for (const { patterns } of families) {
    for (const pattern of patterns) {
      const problems = wrongChoices(name, pattern);
      if (problems.length > 0) {
        return { problem: `${problems.join('; ')}.`, nearest: closest(name, known) };
      }
    }
  }
  return undefined;
}

function wrongChoices(name: string, { pattern, slots }: NamePattern): string[] {
  const [, ...given] = loosePattern(pattern).exec(name) ?? [];
  return choicesOf(pattern).flatMap((choices, i) => {
    const choice = given[i];
    if (choice === undefined || choices.includes(choice)) return [];
    return `The ${slots[i]} of ${pattern} may be ${listed(choices)}, not ${choice}`;
  });
}

function unfinished(name: string, known: readonly string[]): NameProblem | undefined {
  const longer = known.filter((it) => it.startsWith(`${name}_`));
  if (longer.length === 0) return undefined;
  return { problem: 'It says not all that a format must.', nearest: longer };
}

/** The names that the fewest changes lead to, where these are few. */
function closest(name: string, known: readonly string[]): string[] {
  const distances = known.map((it) => ({ name: it, distance: editDistance(name, it) }));
  const least = Math.min(...distances.map(({ distance }) => distance));
  if (least > Math.max(2, name.length / 3)) return [];
  return distances.filter(({ distance }) => distance === least).map((it) => it.name);
}

function listed(choices: readonly string[]): string {
  return choices.length === 1
    ? `${choices[0]} alone`
    : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}
