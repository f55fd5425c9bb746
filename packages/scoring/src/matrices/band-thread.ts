import { parentPort } from 'node:worker_threads';
import { type ErrorCode, type ErrorContext, toLayersenseError } from '@layersense/contracts';
import { type BandTask, inspectBand, roundBand } from './band-tasks.js';

/** The answer to a task; answers come in the order of the tasks. */
export type BandAnswer =
  | { readonly result: unknown }
  | {
      readonly error: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly context: ErrorContext;
      };
    };

parentPort?.on('message', (task: BandTask) => {
  parentPort?.postMessage(answerTo(task));
});

function answerTo(task: BandTask): BandAnswer {
  try {
    return { result: task.kind === 'inspect' ? inspectBand(task) : roundBand(task) };
  } catch (error) {
    const { code, message, context } = toLayersenseError(error);
    return { error: { code, message, context } };
  }
}
