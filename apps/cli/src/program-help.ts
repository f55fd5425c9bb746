import type { Syntax } from './arguments.js';
import { wrap } from './formats/wrap.js';

/** The page that `layersense --help` prints. */
export function programHelp(commands: readonly Syntax[]): string {
  const lines = commands.map(({ command, operands, summary }) => {
    const usage = ['layersense', command, ...operands.map(({ name }) => name)].join(' ');
    return `  ${usage}\n      ${wrap(summary, 84).replaceAll('\n', '\n      ')}`;
  });
  return `layersense: which layers of a language model can be quantised, and which cannot.

Usage:
${lines.join('\n\n')}

'layersense COMMAND --help' explains a command. --version prints the version.

Environment:
  DATABASE_URL, QUEUE_URL     PostgreSQL, and Redis or PostgreSQL, instead of the bundled server
  HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE
                              the Hugging Face Hub, with the meanings they have in Python
  ALLOWED_ROOTS               of serve: folders as --model-root names them, separated like PATH
  AUTH                        of serve: auto, required (API keys always) or off (everybody may do everything)
  LOG_LEVEL                   of serve: fatal, error, warn, info, debug, trace or silent
  LAYERSENSE_DEBUG=1          the same as --debug
`;
}
