import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { App, AppDependencies } from '../app-context.js';

const PATH = '/admin/queues';

/**
 * A page on which operators see what the queue holds. It changes nothing: the truth about a job is
 * its row, and `POST /jobs/{id}/cancel` and `/retry` are the ways to change that.
 */
export async function registerQueueBoard(app: App, { queue }: AppDependencies): Promise<void> {
  const serverAdapter = new FastifyAdapter();
  serverAdapter.setBasePath(PATH);
  const board = createBullBoard({ queues: [], serverAdapter });
  await app.register(async (scope) => {
    // The queue's connection opens with the first use, and may open again after an outage.
    scope.addHook('onRequest', async () => {
      board.setQueues([new BullMQAdapter(await queue.bullQueue(), { readOnlyMode: true })]);
    });
    await scope.register(serverAdapter.registerPlugin(), { prefix: PATH });
  });
}
