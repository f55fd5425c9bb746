import type { BatchShape } from '@layersense/calibration';
import type { Checkpoint } from '@layersense/model-source';
import { buildForward, type ParsedModel } from '@layersense/models';
import {
  type Graph,
  type Redirect,
  redirectInitializer,
  type TensorRef,
} from '@layersense/onnx-ir';
import {
  buildDamageGraph,
  buildForwardSegments,
  buildReferenceGraph,
  type ForwardSegment,
  findVocabularyHead,
  type VocabularyHead,
} from '@layersense/sensitivity';
import { orInvalidModel } from '../plans/or-invalid-model.js';
import type { WeightOverlay } from './weight-overlay.js';

/** The graphs that measuring needs for one batch shape. */
export interface DamageGraphs {
  /** The forward pass up to the final hidden states, first to last. */
  readonly segments: readonly ForwardSegment[];
  readonly head: VocabularyHead;
  readonly reference: Graph;
  readonly compare: Graph;
  /** Compares with a model whose head has other weights. */
  readonly compareHeads: (overlay: Pick<WeightOverlay, 'redirect' | 'relocate'>) => Graph;
}

/** Those of a model, each built when it is first asked for. */
export class DamageGraphsByShape {
  readonly #graphs = new Map<string, DamageGraphs>();

  constructor(
    private readonly of: {
      readonly model: ParsedModel;
      readonly checkpoint: Pick<Checkpoint, 'tensors'>;
    },
  ) {}

  /** @throws LayersenseError for an ONNX file `checkpoint_invalid`, and those of `buildForward` */
  get(shape: BatchShape): DamageGraphs {
    const key = `${shape.batch}×${shape.length}`;
    const graphs =
      this.#graphs.get(key) ?? buildDamageGraphs(this.of.model, this.of.checkpoint, shape);
    this.#graphs.set(key, graphs);
    return graphs;
  }

  /** Lets go of all of them. */
  clear(): void {
    this.#graphs.clear();
  }
}

function buildDamageGraphs(
  model: ParsedModel,
  { tensors }: Pick<Checkpoint, 'tensors'>,
  shape: BatchShape,
): DamageGraphs {
  return orInvalidModel(model, () => {
    const { batch, length } = shape;
    const forward = buildForward(model, tensors, { batch, length });
    const head = findVocabularyHead(forward.builder, forward.logits);
    return {
      segments: buildForwardSegments(forward, head.hidden),
      head,
      reference: buildReferenceGraph(head),
      compare: buildDamageGraph({ original: head }),
      compareHeads: ({ redirect, relocate }) =>
        buildDamageGraph({
          original: redirectHead(head, relocate),
          changed: redirectHead(head, redirect),
        }),
    };
  });
}

function redirectHead(head: VocabularyHead, redirect: Redirect): VocabularyHead {
  const { projection } = head;
  if (!projection) return head;
  const { weight, bias } = projection;
  const moved = <P extends typeof weight>(parameter: P): P => ({
    ...parameter,
    stored: redirectInitializer(parameter.stored, redirect),
  });
  return { ...head, projection: { weight: moved(weight), bias: bias && moved(bias) } };
}

/** Whether a graph has weights in a stretch of a stored tensor. */
export function usesWeight(graph: Pick<Graph, 'initializers'>, stored: TensorRef): boolean {
  return [...graph.initializers.values()].some(({ ref }) => ref && isIn(ref, stored));
}

/** Whether the head has. */
export function headUses({ projection }: VocabularyHead, stored: TensorRef): boolean {
  const refs = [projection?.weight.stored.ref, projection?.bias?.stored.ref];
  return refs.some((ref) => ref && isIn(ref, stored));
}

function isIn(ref: TensorRef, stored: TensorRef): boolean {
  const { file, offset, length } = stored;
  return ref.file === file && ref.offset >= offset && ref.offset + ref.length <= offset + length;
}
