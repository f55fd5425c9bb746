import helmet from '@fastify/helmet';
import Fastify, { type FastifyBaseLogger, type FastifyRequest, LogController } from 'fastify';
import {
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { App, AppDependencies } from './app-context.js';
import { answerError, registerErrorHandler } from './plugins/error-handler.js';
import { registerHealth } from './plugins/health.js';
import { registerOpenApi } from './plugins/openapi.js';
import { cancelJobRoute } from './routes/jobs/cancel-job.js';
import { createJobRoute } from './routes/jobs/create-job.js';
import { getJobRoute } from './routes/jobs/get-job.js';
import { getJobScoresRoute } from './routes/jobs/get-job-scores.js';
import { listJobsRoute } from './routes/jobs/list-jobs.js';
import { getRunRoute } from './routes/runs/get-run.js';
import { importRunRoute } from './routes/runs/import-run.js';
import { listScoresRoute } from './routes/scores/list-scores.js';

const routes = [
  createJobRoute,
  listJobsRoute,
  getJobRoute,
  cancelJobRoute,
  getJobScoresRoute,
  listScoresRoute,
  importRunRoute,
  getRunRoute,
];

/** Asked every few seconds; what they find wrong is logged all the same. */
const isProbe = ({ url }: FastifyRequest): boolean => url === '/healthz' || url === '/readyz';

/** The whole HTTP side, not listening yet: tests `inject`, a server `listen`s. */
export async function buildApp(dependencies: AppDependencies): Promise<App> {
  const logger: FastifyBaseLogger = dependencies.logger;
  const app = Fastify({
    loggerInstance: logger,
    bodyLimit: dependencies.config.bodyLimitBytes,
    frameworkErrors: answerError,
    logController: new LogController({ disableRequestLogging: isProbe }),
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  registerErrorHandler(app);
  await app.register(helmet, {
    // The service speaks plain HTTP; a proxy that adds TLS upgrades requests itself.
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
    strictTransportSecurity: false,
  });
  await registerOpenApi(app);
  registerHealth(app, dependencies);
  for (const route of routes) route(app, dependencies);
  return app;
}
