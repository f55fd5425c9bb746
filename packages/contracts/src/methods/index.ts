import { LayersenseError } from '../error-codes.js';
import { fisher } from './fisher.js';
import { formatError } from './format-error.js';
import { magnitude } from './magnitude.js';
import { measure } from './measure.js';
import { price } from './price.js';
import type { ScoringMethod } from './scoring-method.js';

const known = new Map<string, ScoringMethod>();
let inUse = false;

/** All methods, in the order of their registration; from now on none can be added. */
export function scoringMethods(): readonly [ScoringMethod, ...ScoringMethod[]] {
  inUse = true;
  const [first = fisher, ...others] = known.values();
  return [first, ...others];
}

/**
 * Adds a method. Schemas are made of all methods when the first request is read, so it is to be known
 * by then.
 */
export function registerMethod(method: ScoringMethod): void {
  if (inUse) throw new Error(`${method.name} is registered after the first request was read`);
  if (known.has(method.name)) throw new Error(`there are two methods named ${method.name}`);
  known.set(method.name, method);
}

/** @throws LayersenseError `invalid_request` for a name that no method has */
export function methodOf(name: string): ScoringMethod {
  const method = known.get(name);
  if (method) return method;
  const names = [...known.keys()].join(', ');
  throw new LayersenseError(
    'invalid_request',
    `There is no scoring method ${JSON.stringify(name)}. Methods are ${names}.`,
    { method: name },
  );
}

registerMethod(fisher);
registerMethod(magnitude);
registerMethod(formatError);
registerMethod(measure);
registerMethod(price);
