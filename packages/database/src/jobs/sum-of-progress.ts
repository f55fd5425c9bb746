import type { Progress } from '@layersense/contracts';

/**
 * The progress of a job out of that of its shards: examples add up once one computes, and the job
 * is as far from its end as the slowest. Every shard knows the total of all.
 *
 * @param latest what a shard has just reported, which stands for all of them before that; the layer is
 *   its layer
 */
export function sumOfProgress(latest: Progress, shards: readonly Progress[]): Progress {
  const computing = shards.filter(({ phase }) => phase === 'computing');
  if (computing.length === 0) return latest;
  const etas = computing.flatMap(({ eta_seconds: eta }) => (eta === null ? [] : [eta]));
  return {
    phase: 'computing',
    done: computing.reduce((sum, { done }) => sum + done, 0),
    total: Math.max(...computing.map(({ total }) => total)),
    layer: latest.layer,
    eta_seconds: etas.length === 0 ? null : Math.max(...etas),
  };
}
