export interface TracingOptions {
  /** `service.name` of every span. */
  readonly service: string;
  /** Address of an OTLP/HTTP collector, for example `http://collector:4318`. */
  readonly endpoint: string | undefined;
}

export interface Tracing {
  /** Sends what has not been sent yet. */
  stop(): Promise<void>;
}

/**
 * Sends the spans of this process to a collector; without an endpoint nothing is recorded. The
 * OpenTelemetry SDK is an optional dependency and loaded only here.
 *
 * @throws Error when an endpoint is given and the SDK is not installed
 */
export async function startTracing({ service, endpoint }: TracingOptions): Promise<Tracing> {
  if (!endpoint) return { stop: () => Promise.resolve() };
  const { BatchSpanProcessor, NodeTracerProvider, OTLPTraceExporter, resourceFromAttributes } =
    await loadSdk();
  const exporter = new OTLPTraceExporter({ url: new URL('v1/traces', slashed(endpoint)).href });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register();
  return { stop: () => provider.shutdown() };
}

async function loadSdk() {
  try {
    const [node, otlp, resources] = await Promise.all([
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
    return { ...node, ...otlp, ...resources };
  } catch (cause) {
    throw new Error(
      'OTEL_EXPORTER_OTLP_ENDPOINT is set, but the OpenTelemetry SDK is not installed. Run: npm install @opentelemetry/sdk-trace-node @opentelemetry/exporter-trace-otlp-http @opentelemetry/resources',
      { cause },
    );
  }
}

/** A base address keeps its path: `https://host/otlp` becomes `https://host/otlp/v1/traces`. */
const slashed = (address: string): string => (address.endsWith('/') ? address : `${address}/`);
