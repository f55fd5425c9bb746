import { type JobChange, LayersenseError } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import type { Logger } from 'pino';

export interface FeedOptions {
  /** How often the database is asked while anybody follows a job. */
  readonly pollMs: number;
  readonly heartbeatMs: number;
  /** Followers at most: each is an open connection. */
  readonly limit: number;
}

/** Somebody who follows one job. */
export interface Follower {
  readonly jobId: string;
  /** The newest event it has. */
  readonly seq: number;
  receive(change: JobChange): void;
  heartbeat(): void;
  /** The feed is over, the job perhaps not. */
  end(): void;
}

/**
 * Tells followers what happens to their jobs. One query for all of them at a time, however many they
 * are, so that replicas need nothing of each other; none while nobody follows.
 */
export class JobEventFeed {
  readonly #followers = new Set<Follower>();
  readonly #options: FeedOptions;
  #poll: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly database: Database,
    private readonly logger: Logger,
    options: Partial<FeedOptions> = {},
  ) {
    const limit = Number.POSITIVE_INFINITY;
    this.#options = { pollMs: 1000, heartbeatMs: 15_000, limit, ...options };
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** @throws LayersenseError `too_many_streams` when no more can be followed */
  assertRoom(): void {
    if (!this.#closed && this.#followers.size < this.#options.limit) return;
    throw new LayersenseError(
      'too_many_streams',
      'This server follows as many jobs as it can. Poll GET /jobs/{id}, or try again later.',
    );
  }

  /** Until `leave`. What has happened since `follower.seq` comes with the next poll. */
  join(follower: Follower): void {
    this.assertRoom();
    this.#followers.add(follower);
    if (this.#followers.size > 1) return;
    this.#schedule();
    this.#heartbeat = setInterval(() => this.#beat(), this.#options.heartbeatMs);
  }

  leave(follower: Follower): void {
    this.#followers.delete(follower);
    if (this.#followers.size === 0) this.#stop();
  }

  /** Ends every follower. */
  close(): void {
    this.#closed = true;
    for (const follower of [...this.#followers]) follower.end();
    this.#stop();
  }

  #schedule(): void {
    clearTimeout(this.#poll);
    this.#poll = setTimeout(() => void this.#ask(), this.#options.pollMs);
  }

  async #ask(): Promise<void> {
    try {
      const changes = await this.database.jobs.events.changes(this.#oldestKnown());
      for (const follower of [...this.#followers]) {
        const change = changes.get(follower.jobId);
        if (change) follower.receive(change);
      }
    } catch (error) {
      // Followers keep their place: what they miss comes when the database is back.
      this.logger.warn({ err: error }, 'could not look for job events');
    }
    if (this.#followers.size > 0 && !this.#closed) this.#schedule();
  }

  /** By job the event that every one of its followers has. */
  #oldestKnown(): Map<string, number> {
    const known = new Map<string, number>();
    for (const { jobId, seq } of this.#followers) {
      known.set(jobId, Math.min(seq, known.get(jobId) ?? seq));
    }
    return known;
  }

  #beat(): void {
    for (const follower of [...this.#followers]) follower.heartbeat();
  }

  #stop(): void {
    clearTimeout(this.#poll);
    clearInterval(this.#heartbeat);
  }
}
