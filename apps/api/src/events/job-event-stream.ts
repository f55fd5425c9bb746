import { Readable } from 'node:stream';
import { isTerminal, type JobChange, type JobEvent } from '@layersense/contracts';
import type { Follower, JobEventFeed } from './job-event-feed.js';

const RECONNECT_MS = 3000;
/** A reader that lets more than this pile up is cut off; it can come back where it was. */
const MOST_UNREAD_BYTES = 262_144;

/**
 * A job's events as text/event-stream (HTML, 9.2), from the one after `seq` to the one that ends the
 * job. Progress has no id of its own: it cannot be replayed, only be newer.
 */
export class JobEventStream extends Readable implements Follower {
  #progress = '';

  constructor(
    private readonly feed: JobEventFeed,
    readonly jobId: string,
    public seq: number,
  ) {
    super();
    this.push(`retry: ${RECONNECT_MS}\n\n`);
  }

  /** Begins to follow, after what is known already. */
  open(change: JobChange): this {
    this.feed.join(this);
    this.receive(change);
    return this;
  }

  receive({ events, progress }: JobChange): void {
    let last: JobEvent | undefined;
    for (const event of events) {
      if (event.seq <= this.seq) continue;
      this.seq = event.seq;
      last = event;
      this.#send(`id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    }
    if (last !== undefined && isTerminal(last.data.status)) {
      this.end();
      return;
    }
    const text = JSON.stringify(progress);
    if (progress === null || text === this.#progress) return;
    this.#progress = text;
    this.#send(`event: progress\ndata: ${text}\n\n`);
  }

  heartbeat(): void {
    this.#send(': still here\n\n');
  }

  end(): void {
    this.feed.leave(this);
    this.push(null);
  }

  #send(text: string): void {
    if (this.readableEnded || this.destroyed) return;
    if (this.readableLength > MOST_UNREAD_BYTES) this.destroy();
    else this.push(text);
  }

  override _read(): void {
    // Pushed as it happens.
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.feed.leave(this);
    done(error);
  }
}
