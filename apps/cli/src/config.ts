import { FolderList, LogLevel, readEnvironment } from '@layersense/contracts/environment';
import { type HubSettings, hubSettingsFromEnvironment } from '@layersense/model-source';
import { z } from 'zod';

/** The CLI's own part of the environment; the services read theirs from `environment`. */
const CliEnvironment = z.object({
  LOG_LEVEL: LogLevel,
  ALLOWED_ROOTS: FolderList,
});

export interface CliConfig {
  readonly environment: NodeJS.ProcessEnv;
  readonly hub: HubSettings;
  readonly logLevel: string;
  readonly allowedRoots: readonly string[];
}

/** @throws Error that names every variable that is malformed */
export function loadCliConfig(environment: NodeJS.ProcessEnv = process.env): CliConfig {
  const env = readEnvironment(CliEnvironment, environment);
  return {
    environment,
    hub: hubSettingsFromEnvironment(environment),
    logLevel: env.LOG_LEVEL,
    allowedRoots: env.ALLOWED_ROOTS,
  };
}

export function isDebugEnvironment(environment: NodeJS.ProcessEnv = process.env): boolean {
  return !['', '0', 'false', undefined].includes(environment.LAYERSENSE_DEBUG);
}
