import { existsSync, readFileSync } from 'node:fs';
import { nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { root } from '../repository.js';
import { readDockerfile, stageNamed, textsOf } from './dockerfile.js';
import { commandOf, environmentProblems } from './environment-schemas.js';

const Service = z.looseObject({
  image: z.string(),
  build: z.strictObject({ context: z.literal('.'), target: z.string() }).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  command: z.array(z.string()).optional(),
  entrypoint: z.array(z.string()).optional(),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  networks: z.array(z.string()),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.string() })).default({}),
  healthcheck: z.looseObject({}).optional(),
  profiles: z.array(z.string()).default([]),
  stop_grace_period: z.string().optional(),
});
const Compose = z.looseObject({
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.looseObject({})),
  networks: z.record(z.string(), z.looseObject({})),
});

const text = readFileSync(`${root}docker-compose.yml`, 'utf8');
const compose = Compose.parse(parse(text, { merge: true }));
const services = nonEmpty(Object.entries(compose.services));
const ours = nonEmpty(services.filter(([, { image }]) => image.startsWith('layersense-')));
const dockerfile = readDockerfile();

/** `${NAME:-default}` and `${NAME:?message}` as compose replaces them when NAME is not set. */
const interpolated = (value: string) =>
  value.replace(/\$\{(\w+):([-?])([^}]*)\}/g, (_, _name, kind, word) =>
    kind === '-' ? word : 'x',
  );

describe('docker-compose.yml', () => {
  it('builds every image of ours from a stage of the Dockerfile', () => {
    for (const [name, { image, build }] of ours) {
      expect(image.split(':')[0], name).toBe(`layersense-${build?.target}`);
      expect(() => stageNamed(dockerfile, build?.target ?? '')).not.toThrow();
      const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
      expect(interpolated(image)).toMatch(new RegExp(`:${version}$`));
    }
    for (const [name, { image }] of services) {
      expect(interpolated(image), name).toMatch(/:\d+\.\d+(\.\d+)?(-\w+)?$/);
    }
  });

  it.each(ours)('%s gets an environment that its program reads and accepts', (_, service) => {
    const [image] = textsOf(stageNamed(dockerfile, service.build?.target ?? ''), 'CMD');
    const words = [
      ...(service.entrypoint ?? []),
      ...(service.command ?? JSON.parse(image ?? '[]')),
    ];
    const environment = Object.fromEntries(
      Object.entries(service.environment).map(([name, value]) => [name, interpolated(value)]),
    );
    expect(environmentProblems(commandOf(words), environment)).toEqual([]);
  });

  it('answers on this machine only, and holds no secret', () => {
    const ports = services.flatMap(([name, each]) => each.ports.map((port) => [name, port]));
    for (const [name, port] of nonEmpty(ports)) expect(port, name).toMatch(/^127\.0\.0\.1:/);
    const secrets = services.flatMap(([, { environment }]) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|TOKEN|SECRET/.test(name)),
    );
    expect(secrets.length).toBeGreaterThan(0);
    for (const [name, value] of secrets) expect(value, name).toMatch(/^\$\{\w+:(\?.*|-)\}$/);
    const example = readFileSync(`${root}.env.example`, 'utf8');
    expect(example).toMatch(/^POSTGRES_PASSWORD=$/m);
    expect(example).toMatch(/^HF_TOKEN=$/m);
    expect(example).toMatch(/^WEBHOOK_SECRET=$/m);
  });

  it('sets in .env.example only what the file uses', () => {
    const used = new Set([...text.matchAll(/\$\{(\w+):/g)].map(([, name]) => name));
    const example = readFileSync(`${root}.env.example`, 'utf8');
    const set = [...example.matchAll(/^(\w+)=/gm)].map(([, name]) => name);
    expect(set.filter((name) => !used.has(name))).toEqual([]);
  });

  it('starts nothing before what it needs, all of which is there', () => {
    const needs = services.flatMap(([name, { depends_on: needed, networks }]) =>
      Object.entries(needed).map(([other, { condition }]) => ({
        name,
        networks,
        other,
        condition,
      })),
    );
    for (const { name, networks, other, condition } of nonEmpty(needs)) {
      const target = compose.services[other];
      expect(target, `${name} → ${other}`).toBeDefined();
      const ends = target?.command?.includes('migrate');
      expect(condition).toBe(ends ? 'service_completed_successfully' : 'service_healthy');
      expect(ends || target?.healthcheck, other).toBeTruthy();
      expect(networks.some((network) => target?.networks.includes(network))).toBe(true);
    }
    for (const network of nonEmpty(services.flatMap(([, { networks }]) => networks))) {
      expect(compose.networks).toHaveProperty(network);
    }
    for (const volume of nonEmpty(services.flatMap(([, { volumes }]) => volumes))) {
      const [source = ''] = interpolated(volume).split(':');
      const known = source.startsWith('.') ? existsSync(root + source) : source.startsWith('/');
      expect(known || source in compose.volumes, volume).toBe(true);
    }
    expect(compose.services.api?.depends_on).toHaveProperty('migrate');
    expect(compose.services.worker?.depends_on).toHaveProperty('migrate');
  });

  it('gives a worker longer than it asks for to hand its job back', () => {
    const workers = ours.filter(([name]) => name.startsWith('worker'));
    for (const [name, { environment, stop_grace_period: grace }] of nonEmpty(workers)) {
      const [, minutes] = /^(\d+)m$/.exec(grace ?? '') ?? [];
      expect(Number(minutes) * 60, name).toBeGreaterThan(Number(environment.SHUTDOWN_SECONDS));
    }
  });

  it('reserves a GPU where the profile asks for one', () => {
    const withGpu = services.filter(([, { profiles }]) => profiles.includes('gpu'));
    expect(withGpu.map(([, { build }]) => build?.target)).toEqual(['worker-cuda']);
    expect(withGpu[0]?.[1]).toHaveProperty('deploy.resources.reservations.devices.0.capabilities', [
      'gpu',
    ]);
  });
});
