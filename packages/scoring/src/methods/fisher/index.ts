import type { MethodComputation } from '../method-computation.js';
import { scoreFisher } from './score-fisher.js';
import { settleLoss } from './settle-loss.js';
import { shardFisher } from './shard-fisher.js';

export const fisherComputation: MethodComputation = {
  settle: settleLoss,
  score: scoreFisher,
  shard: shardFisher,
};
