import { delimiter } from 'node:path';
import { type HubSettings, hubSettingsFromEnvironment } from '@layersense/model-source';
import { z } from 'zod';

/** The CLI's own part of the environment; the services read theirs from `environment`. */
const CliEnvironment = z.object({
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  ALLOWED_ROOTS: z.string().default(''),
});

export interface CliConfig {
  readonly environment: NodeJS.ProcessEnv;
  readonly hub: HubSettings;
  readonly logLevel: string;
  readonly allowedRoots: readonly string[];
}

/** @throws Error that names every variable that is malformed */
export function loadCliConfig(environment: NodeJS.ProcessEnv = process.env): CliConfig {
  const parsed = CliEnvironment.safeParse(environment);
  if (!parsed.success) throw new Error(`Bad configuration:\n${z.prettifyError(parsed.error)}`);
  return {
    environment,
    hub: hubSettingsFromEnvironment(environment),
    logLevel: parsed.data.LOG_LEVEL,
    allowedRoots: parsed.data.ALLOWED_ROOTS.split(delimiter).filter(Boolean),
  };
}

export function isDebugEnvironment(environment: NodeJS.ProcessEnv = process.env): boolean {
  return !['', '0', 'false', undefined].includes(environment.LAYERSENSE_DEBUG);
}
