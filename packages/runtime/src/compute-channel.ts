import type { ChildProcess } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { LayersenseError } from '@layersense/contracts/error-codes';
import { tellComputeCall } from './compute-calls.js';
import { explainExit, type ProcessExit } from './explain-exit.js';
import type { Operation, Operations, Reply, RuntimeInfo } from './protocol.js';

/** Enough for the last words of a crash. */
const STDERR_KEPT = 8 * 1024;

interface PendingCall {
  resolve(result: unknown): void;
  reject(error: LayersenseError): void;
}

/** The parent's end: calls by number, all of which are rejected when the process ends. */
export class ComputeChannel {
  readonly ready: Promise<RuntimeInfo>;
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, PendingCall>();
  #nextId = 0;
  #stderr = '';
  #silence: NodeJS.Timeout | undefined;
  /** What every call from now on is rejected with. */
  #ended: LayersenseError | undefined;

  /** @param stallMs the process is killed when it leaves a call without an answer for so long */
  constructor(
    child: ChildProcess,
    private readonly stallMs?: number,
  ) {
    this.#child = child;
    // What the child wrote before a reply is read in the same turn of the event loop as the reply.
    child.on('message', (reply: Reply) => setImmediate(() => this.#settle(reply)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      const plain = stripVTControlCharacters(text);
      this.#stderr = (this.#stderr + plain).slice(-STDERR_KEPT);
    });
    // The child's first message answers a call that nobody needs to send.
    this.ready = this.#expect(this.#nextId++) as Promise<RuntimeInfo>;
    this.exited = this.#exit();
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  async call<K extends Operation>(
    operation: K,
    request: Operations[K]['request'],
  ): Promise<Operations[K]['response']> {
    if (this.#ended) throw this.#ended;
    if (this.#pending.size === 0) this.#stderr = '';
    const id = this.#nextId++;
    // A failure to send means that the process is gone; its end rejects the call.
    this.#child.send({ operation, id, ...request }, () => undefined);
    const startedAt = Date.now();
    const response = (await this.#expect(id)) as Operations[K]['response'];
    tellComputeCall({ operation, pid: this.pid, startedAt, endedAt: Date.now() });
    return response;
  }

  /** Ends the process; unless it has ended for another reason before, that is what calls say. */
  kill(reason: LayersenseError): void {
    this.#end(reason);
    this.#child.kill('SIGKILL');
  }

  #exit(): Promise<ProcessExit> {
    return new Promise((resolve) => {
      const end = (exit: ProcessExit) => {
        this.#end(explainExit(exit, this.#stderr));
        resolve(exit);
      };
      // `close`, not `exit`: only then has all of stderr been read.
      this.#child.once('close', (code, signal) => end({ code, signal }));
      this.#child.on('error', (error) => {
        this.#stderr += error.message;
        const neverStarted = this.#child.pid === undefined;
        if (neverStarted) end({ code: null, signal: null });
      });
    });
  }

  #expect(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      if (this.#pending.size === 1) this.#timeSilence();
    });
  }

  /** From now on, and while calls wait, the process has `stallMs` for its next answer. */
  #timeSilence(): void {
    const { stallMs } = this;
    clearTimeout(this.#silence);
    if (stallMs === undefined || this.#pending.size === 0) return;
    this.#silence = setTimeout(() => this.kill(stalled(stallMs)), stallMs);
  }

  #settle(reply: Reply): void {
    const call = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    this.#timeSilence();
    if (reply.kind === 'result') call?.resolve(reply.result);
    else call?.reject(this.#explain(reply));
  }

  #explain({ code, message, context }: Extract<Reply, { kind: 'error' }>): LayersenseError {
    // Which library a device lacks is in the log only.
    const log = code === 'device_unavailable' ? this.#stderr.trim() : '';
    return new LayersenseError(code, log === '' ? message : `${message}\n${log}`, context);
  }

  /** The first reason is the true one; later ones follow from it. */
  #end(reason: LayersenseError): void {
    this.#ended ??= reason;
    for (const call of this.#pending.values()) call.reject(this.#ended);
    this.#pending.clear();
    this.#timeSilence();
  }
}

function stalled(milliseconds: number): LayersenseError {
  return new LayersenseError(
    'compute_stalled',
    `The compute process did not answer for ${milliseconds / 1000} s and was killed. If the device is well and a batch takes longer than that, lower batch_size or raise STALL_SECONDS.`,
    { stall_seconds: milliseconds / 1000 },
  );
}
