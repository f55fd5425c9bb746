export { logTraceIds } from './log-trace-ids.js';
export {
  enterSpan,
  type SpanDetails,
  type SpanTimes,
  type StartedSpan,
  startSpan,
  traceParent,
  withSpan,
} from './spans.js';
export { startTracing, type Tracing, type TracingOptions } from './start-tracing.js';
