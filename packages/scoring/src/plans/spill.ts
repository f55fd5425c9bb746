import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StepJournal } from './step-journal.js';

/** Where the tensors between segments go that memory does not hold. */
export interface Spill {
  readonly folder: string;
  /** Of a folder that outlives this process. */
  readonly journal: StepJournal | undefined;
  /** Removes what nobody will go on from. */
  close(): Promise<void>;
}

export async function openSpill(claim: (() => Promise<string>) | undefined): Promise<Spill> {
  if (!claim) {
    const folder = await mkdtemp(join(tmpdir(), 'layersense-tensors-'));
    const close = () => rm(folder, { recursive: true, force: true });
    return { folder, journal: undefined, close };
  }
  const folder = await claim();
  return { folder, journal: await StepJournal.open(folder), close: () => Promise.resolve() };
}
