import type { MethodComputation } from '../method-computation.js';
import { scoreFormatErrors } from './score-format-errors.js';

export const formatErrorComputation: MethodComputation = { score: scoreFormatErrors };
