import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { type CliConfig, loadCliConfig } from '../config.js';

/** What a command's action gets from the program, and tells it. */
export interface CommandContext {
  /**
   * Read when a command runs, so that `--help` answers whatever the environment holds.
   *
   * @throws Error that names every variable that is malformed
   */
  config(): CliConfig;
  /** What the process ends with where the action throws nothing. */
  exitCode: number;
}

/**
 * Describes one command to commander, with the action it runs. What an action needs beside the
 * command line it imports when it runs: ONNX Runtime and PostgreSQL's driver are nothing that
 * somebody who asks for help should wait for.
 */
export type DescribeCommand = (context: CommandContext) => CommandUnknownOpts;

export const createContext = (environment: NodeJS.ProcessEnv): CommandContext => ({
  config: () => loadCliConfig(environment),
  exitCode: 0,
});
