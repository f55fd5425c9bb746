import accepts from '@fastify/accepts';
import helmet from '@fastify/helmet';
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import {
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { registerAccessControl } from './access/access-control.js';
import type { App, AppDependencies } from './app-context.js';
import { registerBodyDepthLimit } from './plugins/body-depth.js';
import { answerClientError } from './plugins/client-error.js';
import { answerError, registerErrorHandler } from './plugins/error-handler.js';
import { registerHealth } from './plugins/health.js';
import { registerIdempotencySweep } from './plugins/idempotency-sweep.js';
import { registerMetrics } from './plugins/metrics.js';
import { registerOpenApi } from './plugins/openapi.js';
import { registerQueueBoard } from './plugins/queue-board.js';
import { registerTracing } from './plugins/tracing.js';
import { isProbe } from './probes.js';
import { listDatasetsRoute, listModelsRoute } from './routes/catalogue/list-known.js';
import { listMethodsRoute } from './routes/catalogue/list-methods.js';
import { listDamageRoute } from './routes/damage/list-damage.js';
import { cancelJobRoute } from './routes/jobs/cancel-job.js';
import { createJobRoute } from './routes/jobs/create-job.js';
import { getJobRoute } from './routes/jobs/get-job.js';
import { getJobEventsRoute } from './routes/jobs/get-job-events.js';
import { getJobScoresRoute } from './routes/jobs/get-job-scores.js';
import { listJobsRoute } from './routes/jobs/list-jobs.js';
import { listWebhookDeliveriesRoute } from './routes/jobs/list-webhook-deliveries.js';
import { retryJobRoute } from './routes/jobs/retry-job.js';
import { getRunRoute } from './routes/runs/get-run.js';
import { getRunMarginalsRoute } from './routes/runs/get-run-marginals.js';
import { importRunRoute } from './routes/runs/import-run.js';
import { listRunsRoute } from './routes/runs/list-runs.js';
import { mergeRunsRoute } from './routes/runs/merge-runs.js';
import { listScoresRoute } from './routes/scores/list-scores.js';

const routes = [
  createJobRoute,
  listJobsRoute,
  getJobRoute,
  cancelJobRoute,
  retryJobRoute,
  getJobEventsRoute,
  getJobScoresRoute,
  listWebhookDeliveriesRoute,
  listScoresRoute,
  listDamageRoute,
  listRunsRoute,
  importRunRoute,
  mergeRunsRoute,
  getRunRoute,
  getRunMarginalsRoute,
  listModelsRoute,
  listDatasetsRoute,
  listMethodsRoute,
];

/** A client that dawdles over its request must not hold a connection for ever. */
const slowClients = {
  requestTimeout: 60_000,
  keepAliveTimeout: 72_000,
  http: { headersTimeout: 30_000, maxHeaderSize: 16_384 },
};

/** The whole HTTP side, not listening yet: tests `inject`, a server `listen`s. */
export async function buildApp(dependencies: AppDependencies): Promise<App> {
  const logger: FastifyBaseLogger = dependencies.logger;
  const app = Fastify({
    loggerInstance: logger,
    bodyLimit: dependencies.config.bodyLimitBytes,
    frameworkErrors: answerError,
    clientErrorHandler: answerClientError,
    trustProxy: dependencies.config.trustProxy,
    ...slowClients,
    logController: new LogController({ disableRequestLogging: isProbe }),
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  registerErrorHandler(app);
  registerTracing(app);
  await app.register(helmet, {
    // The service speaks plain HTTP; a proxy that adds TLS upgrades requests itself.
    // The pages for people bring all they need: a browser is not to ask anybody else for fonts.
    contentSecurityPolicy: {
      directives: {
        upgradeInsecureRequests: null,
        fontSrc: ["'self'", 'data:'],
        styleSrc: ["'self'", "'unsafe-inline'"],
      },
    },
    strictTransportSecurity: false,
  });
  await app.register(accepts);
  await registerAccessControl(app, dependencies);
  registerBodyDepthLimit(app);
  await registerOpenApi(app);
  registerHealth(app, dependencies);
  registerIdempotencySweep(app, dependencies);
  registerMetrics(app, dependencies);
  await registerQueueBoard(app, dependencies);
  for (const route of routes) route(app, dependencies);
  return app;
}
