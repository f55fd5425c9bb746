import { readFileSync } from 'node:fs';
import { root } from '../repository.js';

export interface Instruction {
  readonly name: string;
  readonly text: string;
}

export interface Stage {
  readonly name: string;
  /** As FROM names it, with arguments filled in: an image or an earlier stage. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  /** Defaults of the arguments before the first FROM. */
  readonly arguments: ReadonlyMap<string, string>;
  readonly stages: readonly Stage[];
}

export function readDockerfile(): Dockerfile {
  const defaults = new Map<string, string>();
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const { name, text } of instructions(readFileSync(`${root}Dockerfile`, 'utf8'))) {
    const stage = stages.at(-1);
    if (name === 'FROM') {
      const [image = '', as, alias = ''] = text.split(/\s+/);
      if (as !== 'AS') throw new Error(`a stage without a name: FROM ${text}`);
      const base = image.replace(/\$\{(\w+)\}/g, (_, variable) => defaults.get(variable) ?? '');
      stages.push({ name: alias, base, instructions: [] });
    } else if (stage) stage.instructions.push({ name, text });
    else if (name === 'ARG') {
      const [variable = '', value = ''] = text.split('=');
      defaults.set(variable, value);
    } else throw new Error(`${name} before the first FROM`);
  }
  return { arguments: defaults, stages };
}

/** Lines without comments, each continued one joined with the next. */
function instructions(text: string): Instruction[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  return lines
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
      return { name, text: rest };
    });
}

export function stageNamed({ stages }: Dockerfile, name: string): Stage {
  const stage = stages.find((each) => each.name === name);
  if (!stage) throw new Error(`the Dockerfile has no stage ${name}`);
  return stage;
}

/** The text of every `name` instruction of a stage. */
export function textsOf(stage: Stage, name: string): string[] {
  return stage.instructions.filter((each) => each.name === name).map(({ text }) => text);
}

/** ENV of a stage and of the stages it is made from. */
export function environmentOf(file: Dockerfile, name: string): Map<string, string> {
  const stage = file.stages.find((each) => each.name === name);
  if (!stage) return new Map();
  const own = textsOf(stage, 'ENV').flatMap((text) =>
    text.split(/\s+/).map((pair): [string, string] => {
      const [variable = '', value = ''] = pair.split('=');
      return [variable, value];
    }),
  );
  return new Map([...environmentOf(file, stage.base), ...own]);
}
