import type { InferenceRule } from './inference-rule.js';

/** The only output, or the first, is of the type and shape of the first input. */
export const same: InferenceRule = ({ input }) => [input(0)];
