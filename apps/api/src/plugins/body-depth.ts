import { LayersenseError } from '@layersense/contracts';
import type { App } from '../app-context.js';

/** No request of ours needs more than five. */
const MOST_LEVELS = 32;

/** Refuses bodies nested so deep that a function which calls itself for every level would overflow. */
export function registerBodyDepthLimit(app: App): void {
  app.addHook('preValidation', async ({ body }) => {
    if (!isDeeperThan(body, MOST_LEVELS)) return;
    throw new LayersenseError(
      'invalid_request',
      `The body is nested deeper than ${MOST_LEVELS} levels. No field needs that.`,
    );
  });
}

/** Level by level, so that it does not itself call itself. */
function isDeeperThan(value: unknown, levels: number): boolean {
  let level = [value].filter(isNested);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === levels) return true;
    level = level.flatMap((nested) => Object.values(nested).filter(isNested));
  }
  return false;
}

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;
