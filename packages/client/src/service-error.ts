import type { components } from './generated/api.js';

export type Problem = components['schemas']['Problem'];

/** A request that the service refused. The message is the problem's `detail`: it says what to do. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /** What programs tell errors apart by; docs/reference/errors.md lists them all. */
  readonly code: string;
  readonly status: number;
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.code = problem.code;
    this.status = problem.status;
    this.problem = problem;
  }
}
