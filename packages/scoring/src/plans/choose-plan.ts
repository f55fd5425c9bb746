import { type Device, type FisherParams, LayersenseError } from '@layersense/contracts';
import { estimateMemory, type Graph } from '@layersense/onnx-ir';
import { largestTokenBudget } from '../examples/pending-batches.js';
import type { PlanName } from './fisher-plan.js';

export interface PlanChoice {
  readonly name: PlanName;
  /** Tokens of a batch, padding included. */
  readonly tokenBudget: number;
  /** The memory of this process and the compute process together, by estimate. */
  readonly estimatedBytes: number;
  /** How much these two may take. */
  readonly limitBytes: number;
  /** How many bytes of the tensors between segments may stay in memory. */
  readonly storeBytes: number;
  readonly reason: string;
}

/** Resident in a compute process before it runs, sessions included. */
const PROCESS_BYTES = 130e6;
/** What the allocator holds beyond what is alive. */
const FRAGMENTATION = 1.15;
/** The share of what the machine or the container still has that is used when nobody says how much. */
const SHARE_OF_AVAILABLE = 0.8;
/** The share of the limit for the tensors between streamed segments; more of them goes to disk. */
const STORE_SHARE = 0.25;

/** The share of what ran out of memory, processes aside, that what follows may need by estimate. */
const SHARE_OF_EXHAUSTED = 0.75;

/** The request's own wishes. */
export type PlanParams = Pick<FisherParams, 'plan' | 'memory_limit_bytes' | 'batch_size'>;

interface Request {
  readonly params: PlanParams;
  /** The choice that ran out of memory, where this is the second. */
  readonly exhausted?: PlanChoice | undefined;
  readonly device: Device;
  /** The plans that there are, from the fastest to the one that needs least. */
  readonly plans: readonly [PlanName, ...PlanName[]];
  /** Bytes beside those of the processes themselves, where so many may be used. */
  readonly estimate: (name: PlanName, tokenBudget: number, limit: number) => number;
  /** The budget of a streamed run that was interrupted: it goes on only with the same batches. */
  readonly interruptedBudget?: number | undefined;
}

/**
 * The fastest plan, with the largest batches, whose estimated peak is within the limit. Estimates
 * come from the graphs themselves: sizes and lifetimes of their tensors in execution order.
 *
 * @throws LayersenseError `out_of_memory` naming the smallest limit that would do
 */
export function choosePlan(request: Request): PlanChoice {
  const { params, exhausted, interruptedBudget, plans } = request;
  const available =
    params.memory_limit_bytes ?? Math.floor(process.availableMemory() * SHARE_OF_AVAILABLE);
  const limit = exhausted ? Math.min(available, belowExhausted(exhausted)) : available;
  const asked = params.plan ?? 'auto';
  let smallest = Number.POSITIVE_INFINITY;
  for (const { name, tokenBudget } of candidates(request)) {
    const estimatedBytes = processBytes() + request.estimate(name, tokenBudget, limit);
    smallest = Math.min(smallest, estimatedBytes);
    // A plan that was asked for and no limit that was set: whoever asks knows.
    const fits = estimatedBytes <= limit;
    const bounded = params.memory_limit_bytes !== undefined || exhausted !== undefined;
    if (!fits && (asked === 'auto' || bounded)) continue;
    const fastest = name === plans[0] && tokenBudget === largestTokenBudget(request.device);
    const continued = name === 'streamed' && tokenBudget === interruptedBudget;
    const first = continued ? 'as before' : fastest ? 'fastest' : 'the fastest that fits';
    const why = asked === 'auto' ? first : 'asked for';
    const before = exhausted ? `${describe(exhausted)} ran out of memory; ` : '';
    const reason = `${before}${why}: an estimated ${mebibytes(estimatedBytes)} of ${mebibytes(limit)}`;
    const storeBytes = name === 'streamed' ? limit * STORE_SHARE : Number.MAX_SAFE_INTEGER;
    return { name, tokenBudget, estimatedBytes, limitBytes: limit, storeBytes, reason };
  }
  throw new LayersenseError(
    'out_of_memory',
    `No plan fits: the least that ${asked === 'auto' ? 'any plan' : `the ${asked} plan`} needs is about ${mebibytes(smallest)}, and ${mebibytes(limit)} may be used. Raise memory_limit (--memory-limit) to ${mebibytes(smallest)}, or lower max_length${params.batch_size === undefined ? '' : ' or batch_size'}.`,
    { limit_bytes: limit, smallest_sufficient_bytes: Math.ceil(smallest) },
  );
}

/** The choices from the best to the one that needs least, after that of an interrupted run. */
function* candidates(request: Request) {
  const { params, interruptedBudget, plans } = request;
  const asked = params.plan ?? 'auto';
  const names = asked === 'auto' ? plans : [asked];
  if (interruptedBudget !== undefined && names.includes('streamed')) {
    yield { name: 'streamed', tokenBudget: interruptedBudget } as const;
  }
  for (const name of names) {
    for (const tokenBudget of tokenBudgets(request)) yield { name, tokenBudget };
  }
}

function describe({ name, tokenBudget, estimatedBytes }: PlanChoice): string {
  return `the ${name} plan with batches of ${tokenBudget} tokens, an estimated ${mebibytes(estimatedBytes)},`;
}

function tokenBudgets({ params, device }: Request): readonly number[] {
  const largest = largestTokenBudget(device);
  return params.batch_size === undefined ? [largest, largest / 2, largest / 4, 1] : [largest];
}

/** The memory of this process and of a compute process that has nothing to do. */
function processBytes(): number {
  return process.memoryUsage().rss + PROCESS_BYTES;
}

function belowExhausted({ estimatedBytes }: PlanChoice): number {
  const processes = processBytes();
  return Math.floor(processes + SHARE_OF_EXHAUSTED * Math.max(0, estimatedBytes - processes));
}

/** Bytes of graphs that are open together, of which one computes at a time. */
export function graphBytes(graphs: readonly Graph[]): number {
  const estimates = graphs.map(estimateMemory);
  const activations = Math.max(...estimates.map(({ activationBytes }) => activationBytes));
  const mapped = estimates.reduce((sum, { weightBytes }) => sum + weightBytes, 0);
  return FRAGMENTATION * activations + mapped;
}

/** How many of the bytes of tensors between streamed segments stay in memory. */
export function storedBytes(bytes: number, limit: number): number {
  return Math.min(bytes, limit * STORE_SHARE);
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
