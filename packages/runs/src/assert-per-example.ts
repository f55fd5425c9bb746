import { LayersenseError, type ScoreReport } from '@layersense/contracts';

/** @throws LayersenseError `runs_incompatible` */
export function assertPerExample({ run, scores }: ScoreReport): void {
  const examples = run.dataset?.example_hashes.length ?? 0;
  const complete =
    examples > 0 &&
    run.example_losses?.length === examples &&
    scores.every(
      ({ per_example, routed_tokens, per_example_routed_tokens: routed }) =>
        per_example?.length === examples && (routed_tokens === null || routed?.length === examples),
    );
  if (complete) return;
  throw new LayersenseError(
    'runs_incompatible',
    `The report of ${run.id} lacks the values of every example. Write it with layersense score --json --per-example, or ask the service with ?per_example=true.`,
  );
}
