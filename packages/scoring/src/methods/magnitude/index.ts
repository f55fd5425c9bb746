import type { MethodComputation } from '../method-computation.js';
import { scoreMagnitude } from './score-magnitude.js';

export const magnitudeComputation: MethodComputation = { score: scoreMagnitude };
