import { isPart, type LayerScore, layerName } from '@layersense/contracts';

/** The weight matrices inside the transformer blocks: what a quantiser chooses among. */
export function blockMatrices(scores: readonly LayerScore[]): readonly LayerScore[] {
  return scores.filter(
    ({ parameter, shape }) =>
      shape.length === 2 && layerName(parameter).block !== null && !isPart(parameter),
  );
}
