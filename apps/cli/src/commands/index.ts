import type { DescribeCommand } from '../command-line/context.js';
import { demo } from './demo.js';
import { keys } from './keys.js';
import { measure } from './measure.js';
import { merge } from './merge.js';
import { migrate } from './migrate.js';
import { score } from './score.js';
import { serve } from './serve.js';

/** The commands of the program, in the order of its help. A new one is a file and a line here. */
export const commands: readonly DescribeCommand[] = [
  score,
  measure,
  merge,
  serve,
  migrate,
  keys,
  demo,
];
