import { toLayersenseError } from '@layersense/contracts/error-codes';
import { env } from 'onnxruntime-node';
import { outliveNoParent } from './outlive-no-parent.js';
import { readProcessStats } from './process-stats.js';
import type { Operations, Reply, Request, RuntimeInfo } from './protocol.js';
import { SessionTable } from './session-table.js';
import { volunteerForOomKill } from './volunteer-for-oom-kill.js';

/*
 * The compute process. ONNX Runtime blocks the thread it runs on and cannot be interrupted, so it
 * has a process of its own, which the parent may kill at any moment. Nothing here must be saved.
 */
const sessions = new SessionTable();

type Response = Operations[keyof Operations]['response'];

async function perform(request: Request): Promise<Response> {
  switch (request.operation) {
    case 'open':
      return sessions.open(request.model, request.options);
    case 'run':
      return sessions.run(request.session, request.feeds, request.options);
    case 'forget':
      for (const key of request.keys) sessions.store.delete(key);
      return null;
    case 'resetStore':
      sessions.store.reset(request.limits);
      return null;
    case 'adopt':
      return sessions.store.adopt(request.tensors);
    case 'endProfiling':
      sessions.endProfiling(request.session);
      return null;
    case 'release':
      await sessions.release(request.session);
      return null;
    case 'stats':
      return readProcessStats(request);
  }
}

async function answer(request: Request): Promise<void> {
  try {
    reply({ kind: 'result', id: request.id, result: await perform(request) });
  } catch (error) {
    const { code, message, context } = toLayersenseError(error);
    reply({ kind: 'error', id: request.id, code, message, context });
  }
}

function reply(message: Reply): void {
  // The parent may have gone meanwhile: then nobody waits for this, and `disconnect` follows.
  process.send?.(message, () => undefined);
}

function runtimeInfo(): RuntimeInfo {
  const tf32 = process.env.NVIDIA_TF32_OVERRIDE !== '0';
  return { onnxRuntime: env.versions.node ?? 'unknown', tf32 };
}

outliveNoParent();
volunteerForOomKill();
process.on('message', (request: Request) => void answer(request));
reply({ kind: 'result', id: 0, result: runtimeInfo() });
