import { LayersenseError } from '@layersense/contracts/error-codes';
import type { ChatMessage } from '../raw-example.js';
import { renderTemplate } from './python-interpreter.js';

export interface ChatTemplateSource {
  /** Content of chat_template.jinja, which wins over the configuration as in transformers. */
  readonly file: string | undefined;
  /** `chat_template` of tokenizer_config.json: a template, or a list of `{ name, template }`. */
  readonly configured: unknown;
  /** `bos_token`, `eos_token`, … by name, as templates use them. */
  readonly specialTokens: Readonly<Record<string, string>>;
}

/**
 * Renders a conversation, complete with its last answer (no generation prompt), as
 * `apply_chat_template(messages, tokenize=False)` does.
 *
 * @throws LayersenseError `chat_template_missing` where there is none, or none named `default`;
 *   `tokenizer_invalid` where the template is broken or refuses these messages
 */
export function renderChat(source: ChatTemplateSource, messages: readonly ChatMessage[]): string {
  const template = source.file ?? selectTemplate(source.configured);
  try {
    return renderTemplate(template, {
      ...source.specialTokens,
      messages,
      tools: null,
      documents: null,
      add_generation_prompt: false,
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LayersenseError(
      'tokenizer_invalid',
      `The tokenizer's chat template cannot render a question and its answer: ${reason}. Use the format "question".`,
      {},
      { cause },
    );
  }
}

function selectTemplate(configured: unknown): string {
  if (typeof configured === 'string') return configured;
  const named = Array.isArray(configured) ? configured : [];
  const chosen = named.find((entry) => entry?.name === 'default')?.template;
  if (typeof chosen === 'string') return chosen;
  const names = named.map((entry) => String(entry?.name));
  const found = names.length > 0 ? `only ones named ${names.join(', ')}, none "default"` : 'none';
  throw new LayersenseError(
    'chat_template_missing',
    `The format "question-answer" needs a chat template; the tokenizer has ${found}. Use an instruction-tuned model, or the format "question".`,
    { templates: names },
  );
}
