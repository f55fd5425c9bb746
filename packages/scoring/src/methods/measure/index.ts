import type { MethodComputation } from '../method-computation.js';
import { settleMeasure } from './measure-work.js';
import { scoreMeasure } from './score-measure.js';
import { shardMeasure } from './shard-measure.js';

export const measureComputation: MethodComputation = {
  settle: settleMeasure,
  score: scoreMeasure,
  shard: shardMeasure,
};
