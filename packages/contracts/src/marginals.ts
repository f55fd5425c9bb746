import type { RunDamage } from './damage.js';
import type { MarginalGroups, ScoreReport } from './score.js';

/** Σₙ Σ g² of a matrix over the examples of each group: [groups, outputs] and [groups, inputs]. */
export interface GroupMarginals {
  readonly byOutput: Float64Array;
  readonly byInput: Float64Array;
}

/** What a finished run has beside its scores where its purpose is quantisation. */
export interface RunMarginals {
  readonly groups: MarginalGroups;
  /** By parameter: a matrix, or a part of a packed one. */
  readonly matrices: ReadonlyMap<string, GroupMarginals>;
}

/** A report with what is too large for one. */
export interface ComputedReport extends ScoreReport {
  /** Of a run whose purpose is quantisation. */
  readonly marginals?: RunMarginals | undefined;
  /** Of a run that prices formats. */
  readonly damage?: RunDamage | undefined;
}
