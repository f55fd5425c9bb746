import { isTerminal, JobEventList, JobIdParams } from '@layersense/contracts';
import { z } from 'zod';
import type { App, AppDependencies } from '../../app-context.js';
import { JobEventFeed } from '../../events/job-event-feed.js';
import { JobEventStream } from '../../events/job-event-stream.js';
import { negotiate } from '../../negotiate.js';
import { problemResponse } from '../../plugins/openapi.js';

const seq = z.coerce.number().int().min(0).max(2_147_483_647);
const EventsQuery = z.strictObject({
  after: seq.optional().describe('the seq of the last event that is known'),
});
const LastEventIdHeader = z.looseObject({
  'last-event-id': seq.optional().describe('the same, as a browser sends it when it reconnects'),
});

export function getJobEventsRoute(
  app: App,
  { database, logger, config, eventFeed }: AppDependencies,
): void {
  const feed = new JobEventFeed(database, logger, {
    limit: config.eventStreamLimit,
    ...eventFeed,
  });
  // Before the server waits for its connections to end.
  app.addHook('preClose', () => feed.close());
  app.get(
    '/jobs/:id/events',
    {
      schema: {
        operationId: 'getJobEvents',
        tags: ['jobs'],
        summary: 'What has happened to a job, as a list or as it happens',
        params: JobIdParams,
        querystring: EventsQuery,
        headers: LastEventIdHeader,
        response: {
          200: {
            description: 'The events after the given one, in order',
            content: {
              'application/json': { schema: JobEventList },
              'text/event-stream': { schema: z.string() },
            },
          },
          204: z.null().describe('The job has ended and there are no more: do not reconnect'),
          404: problemResponse('No such job'),
          406: problemResponse('Neither JSON nor an event stream is accepted'),
          503: problemResponse('As many streams are open as the server allows'),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const after = request.headers['last-event-id'] ?? request.query.after ?? 0;
      const type = negotiate(request, ['application/json', 'text/event-stream']);
      reply.header('vary', 'accept').type(type);
      if (type === 'application/json') {
        const data = await database.jobs.events.list(id, after);
        return reply.send({ object: 'list' as const, data });
      }
      feed.assertRoom();
      const { status, progress } = await database.jobs.get(id);
      const events = await database.jobs.events.list(id, after);
      if (events.length === 0 && isTerminal(status)) {
        return reply.removeHeader('content-type').code(204).send(null);
      }
      // A buffering proxy would hold events back.
      reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no');
      return reply.send(new JobEventStream(feed, id, after).open({ events, progress }) as never);
    },
  );
}
