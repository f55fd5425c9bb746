import type { components, paths } from './generated/api.js';

type Schemas = components['schemas'];

export type Job = Schemas['Job'];
export type Progress = Schemas['Progress'];
export type Run = Schemas['Run'];
export type ScoreReport = Schemas['ScoreReport'];

/** What `POST /jobs` takes: the fields that have a default may be left out. */
export type CreateJobRequest = paths['/jobs']['post']['requestBody']['content']['application/json'];

export type ScoresQuery = NonNullable<paths['/scores']['get']['parameters']['query']>;

/** Scores of several runs, each row with the run it is of. */
export type StoredScores = paths['/scores']['get']['responses'][200]['content']['application/json'];
