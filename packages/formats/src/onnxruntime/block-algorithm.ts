import type { GroupRounding } from '../rounding/groups.js';

/** How ONNX Runtime comes to the codes of a block. */
export interface BlockAlgorithm {
  readonly bits: number;
  readonly hasZeroPoints: boolean;
  /** The class that a program configures it with. */
  readonly configuredBy: string;
  readonly formula: string;
  readonly source: string;
  readonly rounding: GroupRounding;
}
