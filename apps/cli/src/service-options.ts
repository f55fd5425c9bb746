import { Option } from '@commander-js/extra-typings';
import { wholeNumber } from './command-line/values.js';

/** `--port`, of what a program can listen on. */
export const portOption = (help: string) =>
  new Option('--port <N>', help).argParser(wholeNumber({ from: 0, to: 65_535 }));

/** `--data-folder`, of the bundled PostgreSQL. */
export const dataFolderOption = (help: string) =>
  new Option('--data-folder <DIR>', help)
    .default('.layersense', './.layersense')
    .helpGroup('Storage:');
