import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { LayersenseError } from '@layersense/contracts/error-codes';
import type {
  Answer,
  AnswerBatch,
  Call,
  CallBatch,
  CallName,
  TokenizerCalls,
} from './tokenizer-protocol.js';

/** Works from src and from dist: both lie beside each other. */
const CHILD = fileURLToPath(new URL('../../dist/tokenizer/tokenizer-child.js', import.meta.url));
/** Calls, and characters in them, that travel together. */
const BATCH_CALLS = 64;
const BATCH_CHARACTERS = 2 ** 18;
/** Enough for the last words of a crash. */
const STDERR_KEPT = 8 * 1024;

interface WaitingCall extends Call {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/**
 * A process of its own for a tokenizer, whose files may come from anyone: a fault in the tokenizers
 * library ends its process, and neither loading nor a regular expression can be stopped otherwise.
 * Nor does anything of it hold up the event loop of this one.
 */
export class TokenizerProcess {
  readonly #child: ChildProcess;
  readonly #limitMs: number;
  readonly #sent = new Map<number, readonly WaitingCall[]>();
  #waiting: WaitingCall[] = [];
  #nextId = 0;
  #ready = false;
  #stderr = '';
  #timer: NodeJS.Timeout | undefined;
  /** What every call from now on is rejected with. */
  #ended: Error | undefined;
  readonly #exited: Promise<void>;

  /** @param limitMs the process is killed when it leaves calls without any answer for so long */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.#child = fork(CHILD, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      env: { ...process.env, RUST_BACKTRACE: '0' },
    });
    this.#child.on('message', (batch: AnswerBatch) => this.#settle(batch));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    this.#exited = new Promise((resolve) => {
      // `close`, not `exit`: only then has all of stderr been read.
      this.#child.once('close', (code, signal) => {
        this.#end(died(this.#stderr, code, signal));
        resolve();
      });
      this.#child.on('error', (error) => {
        this.#end(error);
        if (this.#child.pid === undefined) resolve();
      });
    });
    this.#holdOpen(false);
  }

  /**
   * @throws LayersenseError what the call fails with; TimeoutError when the time is up;
   *   {@link TokenizerDied} when the process ended by itself
   */
  call<K extends CallName>(
    name: K,
    request: TokenizerCalls[K]['request'],
  ): Promise<TokenizerCalls[K]['answer']> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      this.#waiting.push({ name, request, resolve: resolve as WaitingCall['resolve'], reject });
      this.#holdOpen(true);
    });
  }

  /** Ends the process, which has nothing to save, and waits until it is gone. */
  async close(): Promise<void> {
    this.#kill(new Error('The tokenizer is closed.'));
    this.#holdOpen(true);
    await this.#exited;
  }

  #flush(): void {
    if (!this.#ready || this.#ended) return;
    for (const calls of batches(this.#waiting)) {
      const id = this.#nextId++;
      this.#sent.set(id, calls);
      const batch: CallBatch = { id, calls: calls.map(({ name, request }) => ({ name, request })) };
      // A failure to send means that the process is gone; its end rejects the calls.
      this.#child.send(batch, () => undefined);
    }
    this.#waiting = [];
    this.#timeSilence();
  }

  #settle({ id, answers }: AnswerBatch): void {
    this.#ready = true;
    const calls = this.#sent.get(id) ?? [];
    this.#sent.delete(id);
    for (const [i, call] of calls.entries()) settle(call, answers[i]);
    if (this.#waiting.length > 0) this.#flush();
    else this.#timeSilence();
  }

  /** From now on, and while calls wait, the process has `limitMs` for its next answers. */
  #timeSilence(): void {
    clearTimeout(this.#timer);
    const pending = this.#sent.size > 0;
    this.#holdOpen(pending || this.#waiting.length > 0);
    if (!pending || this.#ended) return;
    const seconds = this.#limitMs / 1000;
    this.#timer = setTimeout(
      () => this.#kill(new TokenizerDied(`it was not done after ${seconds} s`)),
      this.#limitMs,
    );
  }

  #kill(reason: Error): void {
    this.#end(reason);
    this.#child.kill('SIGKILL');
  }

  /** The first reason is the true one; later ones follow from it. */
  #end(reason: Error): void {
    this.#ended ??= reason;
    const calls = [...[...this.#sent.values()].flat(), ...this.#waiting];
    this.#sent.clear();
    this.#waiting = [];
    this.#timeSilence();
    for (const { reject } of calls) reject(this.#ended);
  }

  /** Without calls under way, the process keeps nobody from ending. */
  #holdOpen(busy: boolean): void {
    const handles = [this.#child, this.#child.channel, this.#child.stderr as Socket | null];
    for (const handle of handles) busy ? handle?.ref() : handle?.unref();
  }
}

/** The tokenizer made its process end, or never answered: a fault of its files, with the reason. */
export class TokenizerDied extends Error {}

function settle(call: WaitingCall, answer: Answer | undefined): void {
  if (answer && 'answer' in answer) call.resolve(answer.answer);
  else if (answer) {
    const { code, message, context } = answer.error;
    call.reject(new LayersenseError(code, message, context));
  }
}

function batches(calls: readonly WaitingCall[]): WaitingCall[][] {
  const result: WaitingCall[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const call of calls) {
    const last = result.at(-1) ?? [];
    const length = JSON.stringify(call.request).length;
    if (last.length >= BATCH_CALLS || characters + length > BATCH_CHARACTERS) {
      result.push([call]);
      characters = length;
    } else {
      last.push(call);
      characters += length;
    }
  }
  return result;
}

/** Rust's panics and Node.js's want of memory say so on stderr; then the signal is SIGABRT or none. */
function died(stderr: string, code: number | null, signal: NodeJS.Signals | null): Error {
  const panic = /panicked at [^\n]*\n(.+)/.exec(stderr)?.[1];
  if (panic !== undefined) return new TokenizerDied(`the tokenizers library fails with "${panic}"`);
  if (/memory allocation of|heap out of memory/.test(stderr)) {
    return new TokenizerDied('it takes more memory than there is');
  }
  return new LayersenseError(
    'compute_process_died',
    `The tokenizer process ended (${signal ?? `exit code ${code}`}). ${stderr.trim()}`.trim(),
    { code: String(code), signal: String(signal) },
  );
}
