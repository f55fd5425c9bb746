import type { Flag, Syntax } from './arguments.js';
import { wrap } from './formats/wrap.js';

const WIDTH = 92;

/** The page that `layersense COMMAND --help` prints. */
export function commandHelp(syntax: Syntax): string {
  const operands = syntax.operands.map(({ name }) => name).join(' ');
  const usage = ['layersense', syntax.command, operands, '[options]'].filter(Boolean).join(' ');
  const sections = [wrap(syntax.summary, WIDTH), `Usage: ${usage}`];
  if (syntax.operands.length > 0) {
    sections.push(
      definitions(
        '',
        syntax.operands.map(({ name, help }) => [name, help]),
      ),
    );
  }
  const flags = Object.entries(syntax.flags);
  for (const group of new Set(flags.map(([, flag]) => flag.group))) {
    const members = flags.filter(([, flag]) => flag.group === group);
    sections.push(
      definitions(
        group,
        members.map(([name, flag]) => [flagTerm(name, flag), flagHelp(flag)]),
      ),
    );
  }
  const examples = syntax.examples.map(({ line, what }) => `  # ${what}\n  ${line}`);
  if (examples.length > 0) sections.push(`Examples:\n${examples.join('\n\n')}`);
  return `${sections.join('\n\n')}\n`;
}

function flagTerm(name: string, { value, choices }: Flag): string {
  const values = choices?.join('|') ?? value;
  return values ? `--${name} ${values}` : `--${name}`;
}

function flagHelp({ help, standard, repeatable }: Flag): string {
  const notes = [standard ? `default: ${standard}` : '', repeatable ? 'may be repeated' : ''];
  const note = notes.filter(Boolean).join('; ');
  return note ? `${help} (${note})` : help;
}

/** Terms on the left, explanations wrapped on the right. */
function definitions(title: string, entries: readonly (readonly [string, string])[]): string {
  const indent = 30;
  const lines = entries.map(([term, help]) => {
    const text = wrap(help, WIDTH - indent).replaceAll('\n', `\n${' '.repeat(indent)}`);
    const start = `  ${term}`;
    return start.length + 2 > indent
      ? `${start}\n${' '.repeat(indent)}${text}`
      : start.padEnd(indent) + text;
  });
  return title ? `${title}:\n${lines.join('\n')}` : lines.join('\n');
}
