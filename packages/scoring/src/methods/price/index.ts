import type { MethodComputation } from '../method-computation.js';
import { scorePrices } from './score-prices.js';

export const priceComputation: MethodComputation = { score: scorePrices };
