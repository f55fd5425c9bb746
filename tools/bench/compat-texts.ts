import { copyFileSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { loadTokenizer, type Tokenizer, tokenizerFilesIn } from '@layersense/calibration';
import { LayersenseError } from '@layersense/contracts';
import { root } from '../repository.js';

/** Texts that were tokenised otherwise than Python does, each by another tokenizer. */
const TEXTS = ['6 é 🦙', 'hello<|im_end|>', 'c   d'];

const MESSAGES = [
  { role: 'user', content: "What's A & B < 3? é" },
  { role: 'assistant', content: 'Nothing.' },
] as const;

/** The token ids of each text, without special tokens, by the tokenizer in `folder`. */
export async function tokenOutcomes(
  folder: string,
): Promise<readonly (readonly [text: string, outcome: string])[]> {
  const outcomes: (readonly [string, string])[] = [];
  for (const text of TEXTS) {
    const ids = await outcomeOf(folder, async (tokenizer) =>
      JSON.stringify(await tokenizer.encode(text, { addSpecialTokens: false })),
    );
    outcomes.push([JSON.stringify(text), ids]);
  }
  return outcomes;
}

/** What the template in `folder` prints of two messages; the tokenizer beside it is the demo model's. */
export async function templateOutcome(folder: string, scratch: string): Promise<string> {
  const both = mkdtempSync(join(scratch, 'template-'));
  copyFileSync(join(root, 'demo/model/tokenizer.json'), join(both, 'tokenizer.json'));
  copyFileSync(join(folder, 'chat_template.jinja'), join(both, 'chat_template.jinja'));
  return outcomeOf(both, async (tokenizer) => JSON.stringify(await tokenizer.renderChat(MESSAGES)));
}

async function outcomeOf(
  folder: string,
  use: (tokenizer: Tokenizer) => Promise<string>,
): Promise<string> {
  try {
    const tokenizer = await loadTokenizer(await tokenizerFilesIn(folder));
    return await use(tokenizer).finally(() => tokenizer.close());
  } catch (error) {
    if (!(error instanceof LayersenseError)) throw error;
    return `\`${error.code}\`: ${error.message}`;
  }
}
