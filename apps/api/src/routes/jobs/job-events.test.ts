import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connectDatabase, type Database } from '@layersense/database';
import { nonEmpty } from '@layersense/testing';
import { pino } from 'pino';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../../app.js';
import type { App } from '../../app-context.js';
import { type FeedOptions, JobEventFeed } from '../../events/job-event-feed.js';
import { saveFisherRun } from '../../test-support/save-fisher-run.js';
import { type TestApp, testApp } from '../../test-support/test-app.js';

const magnitude = { model: 'org/tiny', method: 'magnitude' };
const progress = {
  phase: 'computing',
  done: 1,
  total: 4,
  layer: 'model.layers.3',
  eta_seconds: 3.5,
} as const;

let test: TestApp;
let database: Database;
beforeAll(async () => {
  test = await testApp();
  database = test.database;
  return () => test.close();
});

const apps: App[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

interface Listening extends Partial<Omit<FeedOptions, 'limit'>> {
  readonly eventStreamLimit?: number;
}

/** A replica that listens, as streams need. */
async function listen({
  eventStreamLimit = 1000,
  ...eventFeed
}: Listening = {}): Promise<{ app: App; url: string }> {
  const config = { ...test.dependencies.config, eventStreamLimit };
  const app = await buildApp({
    ...test.dependencies,
    config,
    eventFeed: { pollMs: 20, ...eventFeed },
  });
  apps.push(app);
  return { app, url: await app.listen({ host: '127.0.0.1', port: 0 }) };
}

async function createJob(): Promise<string> {
  const answer = await test.app.inject({ method: 'POST', url: '/jobs', payload: magnitude });
  return answer.json().id;
}

interface Stream {
  readonly response: IncomingMessage;
  /** Waits until the text so far holds this. */
  until(text: string): Promise<string>;
  ended(): Promise<string>;
  abort(): void;
}

async function follow(
  url: string,
  id: string,
  headers: Record<string, string> = {},
): Promise<Stream> {
  const request = httpRequest(`${url}/jobs/${id}/events`, {
    headers: { accept: 'text/event-stream', ...headers },
  });
  request.on('error', () => undefined);
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  let over = false;
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
  });
  response.on('close', () => {
    over = true;
  });
  const wait = async (holds: () => boolean): Promise<string> => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
    return text;
  };
  return {
    response,
    until: (wanted) => wait(() => text.includes(wanted)),
    ended: () => wait(() => over),
    abort: () => request.destroy(),
  };
}

const idsOf = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
const namesOf = (text: string) => [...text.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name);

describe('GET /jobs/{id}/events as JSON', () => {
  it('lists what happened, after any point', async () => {
    const id = await createJob();
    await database.jobs.transitions.requestCancel(id);
    const all = (await test.app.inject(`/jobs/${id}/events`)).json();
    expect(all.object).toBe('list');
    expect(all.data.map(({ seq, type }: { seq: number; type: string }) => [seq, type])).toEqual([
      [1, 'created'],
      [2, 'canceled'],
    ]);
    const rest = (await test.app.inject(`/jobs/${id}/events?after=1`)).json();
    expect(rest.data).toEqual(all.data.slice(1));
  });

  it.each([
    ['/jobs/job_01935b7c-0000-7000-8000-000000000000/events', {}, 404],
    ['?after=-1', {}, 422],
    ['?after=x', {}, 422],
    ['', { 'last-event-id': 'x' }, 422],
    ['', { accept: 'text/csv' }, 406],
  ])('refuses %s %j', async (url, headers, status) => {
    const path = url.startsWith('/') ? url : `/jobs/${await createJob()}/events${url}`;
    const answer = await test.app.inject({ url: path, headers });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });
});

describe('GET /jobs/{id}/events as server-sent events', () => {
  it('tells from the first event to the last as they happen, on another replica too', async () => {
    const { url } = await listen();
    const id = await createJob();
    const stream = await follow(url, id);
    expect(stream.response.headers['content-type']).toBe('text/event-stream');
    await stream.until('event: created');
    await database.jobs.transitions.start(id, { workerId: 'w' });
    await stream.until('event: started');
    await database.jobs.reportProgress(id, progress);
    const shown = await stream.until('"eta_seconds":3.5}\n\n');
    expect(JSON.parse(/event: progress\ndata: (.*)/.exec(shown)?.[1] ?? '')).toEqual(progress);
    await saveFisherRun(database, id);
    const text = await stream.ended();
    expect(namesOf(text)).toEqual(['created', 'started', 'progress', 'succeeded']);
    expect(idsOf(text)).toEqual([1, 2, 3]);
    expect(text).toMatch(/^retry: \d+\n\n/);
    const data = /event: succeeded\ndata: (.*)\n/.exec(text)?.[1] ?? '';
    expect(JSON.parse(data)).toMatchObject({ seq: 3, data: { status: 'succeeded' } });
  });

  it('goes on after the last event a reader has, and says when there will be none', async () => {
    const { url } = await listen();
    const id = await createJob();
    await database.jobs.transitions.start(id, { workerId: 'w' });
    await saveFisherRun(database, id);
    const rest = await (await follow(url, id, { 'last-event-id': '1' })).ended();
    expect(idsOf(rest)).toEqual([2, 3]);
    const none = await follow(url, id, { 'last-event-id': '3' });
    expect(none.response.statusCode).toBe(204);
    expect(await none.ended()).toBe('');
  });

  it('passes the end of an attempt that was retried', async () => {
    const { url } = await listen();
    const id = await createJob();
    await database.jobs.transitions.requestCancel(id);
    await database.jobs.transitions.retry(id);
    const stream = await follow(url, id);
    await stream.until('event: retried');
    await database.jobs.transitions.requestCancel(id);
    expect(namesOf(await stream.ended())).toEqual(['created', 'canceled', 'retried', 'canceled']);
  });

  it('serves several followers of several jobs', async () => {
    const { url } = await listen();
    const ids = [await createJob(), await createJob()];
    const streams = await Promise.all(ids.flatMap((id) => [follow(url, id), follow(url, id)]));
    await Promise.all(streams.map((stream) => stream.until('event: created')));
    for (const id of ids) await database.jobs.transitions.requestCancel(id);
    for (const stream of nonEmpty(streams)) expect(idsOf(await stream.ended())).toEqual([1, 2]);
  });

  it('keeps the connection warm', async () => {
    const { url } = await listen({ heartbeatMs: 20 });
    const stream = await follow(url, await createJob());
    await stream.until(': still here\n\n');
    expect(stream.response.statusCode).toBe(200);
    stream.abort();
  });

  it('has a limit', async () => {
    const { url } = await listen({ eventStreamLimit: 1 });
    const [a, b] = [await createJob(), await createJob()];
    const stream = await follow(url, a);
    const refused = await follow(url, b);
    expect(refused.response.statusCode).toBe(503);
    expect(refused.response.headers['retry-after']).toBeDefined();
    expect(await refused.ended()).toContain('too_many_streams');
    stream.abort();
    // The place is free again once the server has seen the reader go.
    let next = await follow(url, b);
    while (next.response.statusCode === 503) next = await follow(url, b);
    await next.until('event: created');
    next.abort();
  });

  it('ends when the server stops', async () => {
    const { app, url } = await listen();
    const stream = await follow(url, await createJob());
    await stream.until('event: created');
    await app.close();
    expect(namesOf(await stream.ended())).toEqual(['created']);
  });
});

describe('the feed', () => {
  const follower = (jobId: string, received: unknown[] = []) => ({
    jobId,
    seq: 0,
    receive: (change: unknown) => void received.push(change),
    heartbeat: () => undefined,
    end: () => undefined,
  });

  const withChanges = (changes: Database['jobs']['events']['changes']): Database => {
    const events = { ...database.jobs.events, changes };
    return { ...database, jobs: { ...database.jobs, events } };
  };

  it('asks nothing while nobody follows, and once for all who do', async () => {
    let asked = 0;
    const counting = withChanges((known) => {
      asked++;
      return database.jobs.events.changes(known);
    });
    const feed = new JobEventFeed(counting, pino({ level: 'silent' }), { pollMs: 5 });
    const id = await createJob();
    const received: unknown[] = [];
    const all = Array.from({ length: 20 }, () => follower(id, received));
    for (const each of all) feed.join(each);
    while (received.length < 20) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(asked).toBe(1);
    for (const each of all) feed.leave(each);
    expect(feed.followers).toBe(0);
    const before = asked;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked).toBe(before);
  });

  it('goes on when the database is back', async () => {
    const gone = connectDatabase('postgres://nobody@127.0.0.1:9/none');
    let away = true;
    const failing = withChanges((known) => (away ? gone : database).jobs.events.changes(known));
    const feed = new JobEventFeed(failing, pino({ level: 'silent' }), { pollMs: 5 });
    const received: unknown[] = [];
    feed.join(follower(await createJob(), received));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(received).toEqual([]);
    away = false;
    while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    feed.close();
    await gone.close();
  });
});
