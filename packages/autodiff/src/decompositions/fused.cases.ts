import type { Attributes, GraphBuilder, Value } from '@layersense/onnx-ir';
import type { CaseInput } from '@layersense/testing';

/** A fused operator whose decomposition is held against its kernel and against differences. */
export interface FusedCase {
  readonly key: string;
  /** What the case is about, where the attributes do not say it. */
  readonly about?: string;
  /** Shapes of the random inputs, or constants. */
  readonly inputs: readonly CaseInput[];
  readonly attributes?: Attributes;
  /** Positions of the inputs to differentiate by; all random ones by default. */
  readonly wrt?: readonly number[];
  /** Positions of the outputs that are compared and differentiated; the first by default. */
  readonly read?: readonly number[];
  /** Rows of the first output, its last axis aside, that the kernel defines; all by default. */
  readonly rows?: readonly number[];
  readonly opsetVersion?: number;
  /** Erf has no float64 kernel. */
  readonly erf?: boolean;
  /** The kernel that does the same where the CPU has none for the case itself. */
  readonly kernel?: (g: GraphBuilder, inputs: readonly (Value | undefined)[]) => readonly Value[];
}

export const ms = (opType: string): string => `com.microsoft.${opType}`;

export const ids = (
  data: readonly number[],
  shape: readonly number[] = [data.length],
): CaseInput => ({
  constant: { dtype: 'int64', shape, data },
});

export const int32 = (
  data: readonly number[],
  shape: readonly number[] = [data.length],
): CaseInput => ({
  constant: { dtype: 'int32', shape, data },
});
