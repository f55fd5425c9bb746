import { isSpanContextValid, trace } from '@opentelemetry/api';

/** For pino's `mixin`: every line written inside a span names it. */
export function logTraceIds(): { trace_id?: string; span_id?: string } {
  const context = trace.getActiveSpan()?.spanContext();
  if (!context || !isSpanContextValid(context)) return {};
  return { trace_id: context.traceId, span_id: context.spanId };
}
