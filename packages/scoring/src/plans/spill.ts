import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { StepJournal } from './step-journal.js';

/** Where the tensors between segments go that memory does not hold. */
export interface Spill {
  readonly folder: string;
  /** The journal of a folder that outlives this process. */
  readonly journal: StepJournal | undefined;
  /** Removes what nobody will go on from. */
  close(): Promise<void>;
}

/** @throws LayersenseError `compute_failed` where no folder can be made */
export async function openSpill(claim: (() => Promise<string>) | undefined): Promise<Spill> {
  if (!claim) {
    const folder = await mkdtemp(join(tmpdir(), 'layersense-tensors-')).catch(explain);
    const close = () => rm(folder, { recursive: true, force: true });
    return { folder, journal: undefined, close };
  }
  const folder = await claim().catch(explain);
  return { folder, journal: await StepJournal.open(folder), close: () => Promise.resolve() };
}

function explain(cause: Error): never {
  throw new LayersenseError(
    'compute_failed',
    `No folder can be made for the tensors that memory does not hold (${cause.message}). Choose one that this user may write to: SPILL_DIR of a worker, TMPDIR of layersense score.`,
    {},
    { cause },
  );
}
