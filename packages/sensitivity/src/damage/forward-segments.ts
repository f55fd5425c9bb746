import {
  type Graph,
  type GraphBuilder,
  oneCastPerUse,
  sliceGraph,
  type Value,
} from '@layersense/onnx-ir';
import type { DifferentiableModel } from '../build-sensitivity-graph.js';
import { findSegments } from '../segments/find-segments.js';

/** A stretch of the forward pass as a graph of its own. */
export interface ForwardSegment {
  readonly graph: Graph;
  /** The tensor it starts from; the first starts from the model's inputs. */
  readonly start: string | undefined;
  /** The tensor it computes: its only output. */
  readonly end: string;
  /** Names of the parameters that it uses. */
  readonly parameters: readonly string[];
}

/** The forward pass up to `end`, cut as `buildSegments` cuts it. Names are the same in every graph. */
export function buildForwardSegments(
  { builder, parameters }: Pick<DifferentiableModel, 'builder' | 'parameters'>,
  end: Value,
): readonly ForwardSegment[] {
  return findSegments(builder, end, parameters).map((segment) => {
    const graph = forwardGraph(builder, segment.start ? [segment.start] : [], segment.end);
    return {
      graph,
      start: segment.start?.name,
      end: segment.end.name,
      parameters: parameters.filter((name) => graph.values.has(name)),
    };
  });
}

function forwardGraph(builder: GraphBuilder, start: readonly Value[], end: Value): Graph {
  const g = sliceGraph(builder, 'segment', start, [end]);
  return oneCastPerUse(g.build([g.value(end.name)]));
}
