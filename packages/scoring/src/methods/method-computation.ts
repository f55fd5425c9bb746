import type { JobSpec, ScoreReport } from '@layersense/contracts';
import type { ComputeFacts } from '../compute-facts.js';
import type { Shard } from '../examples/shard-positions.js';
import type { OpenedJob } from '../model/opened-job.js';
import type { Computation } from '../run-report.js';

/** What scoring a model comes to. */
export type Scored = Omit<Computation, 'dequantized'>;

/**
 * How the scores of a method are computed. `contracts/methods` has what everyone else knows of it,
 * under the same name.
 */
export interface MethodComputation {
  /**
   * The spec with what the model decides where the request leaves it open.
   * @throws LayersenseError where they do not fit together
   */
  settle?(spec: JobSpec, job: OpenedJob): JobSpec;
  /** Of a method over examples: a stored run that has the very scores is returned instead. */
  score(spec: JobSpec, job: OpenedJob): Promise<Scored | ScoreReport>;
  /**
   * Computes the values of a shard's examples, which go to the job's finished batches; a method over
   * examples has it. There are no facts where all values were known already.
   */
  shard?(
    spec: JobSpec,
    shard: Shard,
    job: OpenedJob,
  ): Promise<{ readonly facts: ComputeFacts | undefined } | ScoreReport>;
}
