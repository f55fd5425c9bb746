export { logTraceIds } from './log-trace-ids.js';
export { enterSpan, recordSpan, type SpanDetails, traceParent, withSpan } from './spans.js';
export { startTracing, type Tracing, type TracingOptions } from './start-tracing.js';
