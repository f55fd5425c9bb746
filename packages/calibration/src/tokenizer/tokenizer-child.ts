/** The tokenizer process: builds one tokenizer and answers calls, see tokenizer-process.ts. */
import { LayersenseError } from '@layersense/contracts/error-codes';
import { type BuiltTokenizer, buildTokenizer } from './built-tokenizer.js';
import type { Answer, AnswerBatch, Call, CallBatch, TokenizerCalls } from './tokenizer-protocol.js';

let tokenizer: BuiltTokenizer | undefined;

// Exiting would wait for a thread that a text keeps busy.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

process.on('message', async ({ id, calls }: CallBatch) => {
  send({ id, answers: await Promise.all(calls.map(answerTo)) });
});

send({ id: -1, answers: [] });

async function answerTo(call: Call): Promise<Answer> {
  try {
    return { answer: await evaluate(call) };
  } catch (cause) {
    if (!(cause instanceof LayersenseError)) throw cause;
    const { code, message, context } = cause;
    return { error: { code, message, context } };
  }
}

async function evaluate({ name, request }: Call): Promise<TokenizerCalls[Call['name']]['answer']> {
  if (name === 'load') {
    tokenizer = await buildTokenizer(request as TokenizerCalls['load']['request']);
    return tokenizer.description;
  }
  if (tokenizer === undefined) throw new Error(`${name} was called before load`);
  const answer = tokenizer[name] as (request: Call['request']) => Promise<never>;
  return answer(request);
}

function send(message: AnswerBatch): void {
  process.send?.(message);
}
