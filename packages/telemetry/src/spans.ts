import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

/** Without a collector this tracer does nothing, at next to no cost. */
const tracer = () => trace.getTracer('layersense');

const kinds = {
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
} as const;

export interface SpanDetails {
  readonly kind?: keyof typeof kinds;
  readonly attributes?: Attributes;
  /** W3C `traceparent` of a span in another process; the active span of this one when absent. */
  readonly parent?: string | undefined;
}

/** The active span as a W3C `traceparent`, to be handed to another process. */
export function traceParent(): string | undefined {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** Does `work` inside a span that ends with it; an error is recorded and thrown on. */
export function withSpan<T>(
  name: string,
  details: SpanDetails,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const { kind = 'internal', attributes = {} } = details;
  const options = { kind: kinds[kind], attributes };
  return tracer().startActiveSpan(name, options, parentContext(details), async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.recordException(error instanceof Error ? error : String(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Runs `work` inside a new span that the caller ends: for callbacks, whose end no promise tells. */
export function enterSpan(name: string, details: SpanDetails, work: () => void): Span {
  const { kind = 'internal', attributes = {} } = details;
  const within = parentContext(details);
  const span = tracer().startSpan(name, { kind: kinds[kind], attributes }, within);
  context.with(trace.setSpan(within, span), work);
  return span;
}

/** A span with times of the caller's own. */
export interface StartedSpan {
  /** Records what has happened already, as a part of this span. */
  record(name: string, times: SpanTimes, attributes?: Attributes): void;
  end(at: number): void;
}

/** Epoch milliseconds. */
export interface SpanTimes {
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Starts a span under the active one without making it active. */
export function startSpan(name: string, startedAt: number): StartedSpan {
  const span = tracer().startSpan(name, { startTime: startedAt });
  const within = trace.setSpan(context.active(), span);
  return {
    record: (part, times, attributes = {}) => {
      const options = { startTime: times.startedAt, attributes };
      tracer().startSpan(part, options, within).end(times.endedAt);
    },
    end: (at) => span.end(at),
  };
}

function parentContext({ parent }: SpanDetails): Context {
  if (parent === undefined) return context.active();
  return propagation.extract(ROOT_CONTEXT, { traceparent: parent });
}
