export { logTraceIds } from './log-trace-ids.js';
export { recordSpan, type SpanDetails, traceParent, withSpan } from './spans.js';
export { startTracing, type Tracing, type TracingOptions } from './start-tracing.js';
