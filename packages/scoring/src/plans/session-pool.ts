import type { Graph } from '@layersense/onnx-ir';
import type { Session } from '@layersense/runtime';

/** Sessions by graph, opened when first needed. */
export class SessionPool {
  readonly #sessions = new Map<Graph, Session>();

  constructor(private readonly open: (graph: Graph) => Promise<Session>) {}

  async get(graph: Graph): Promise<Session> {
    const known = this.#sessions.get(graph);
    if (known) return known;
    const session = await this.open(graph);
    this.#sessions.set(graph, session);
    return session;
  }

  async clear(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) await session.release();
  }
}
