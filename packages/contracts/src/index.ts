export * from './api.js';
export * from './api-key.js';
export * from './canonical-json.js';
export * from './catalogue.js';
export * from './create-job-request.js';
export * from './damage.js';
export * from './error-codes.js';
export * from './example-group.js';
export * from './job.js';
export * from './job-event.js';
export * from './job-spec.js';
export * from './layer-name.js';
export * from './loss.js';
export * from './marginals.js';
export {
  type FisherJobSpec,
  FisherParams,
  type SettledFisherJobSpec,
  Until,
} from './methods/fisher.js';
export { type FormatErrorJobSpec, formatErrorMetrics } from './methods/format-error.js';
export { methodOf, registerMethod, scoringMethods } from './methods/index.js';
export type { MagnitudeJobSpec } from './methods/magnitude.js';
export {
  type Assignment,
  type MeasureJobSpec,
  type MeasureParams,
  measureMetrics,
  namesOf,
  type Pairs,
  WHOLE_MODEL,
} from './methods/measure.js';
export { type PriceJobSpec, priceMetrics } from './methods/price.js';
export * from './methods/scoring-method.js';
export * from './model-text.js';
export * from './printable.js';
export * from './problem.js';
export * from './python-json.js';
export * from './redact-secrets.js';
export * from './scarce-routing.js';
export * from './score.js';
export * from './spec-fields.js';
export * from './webhook.js';
