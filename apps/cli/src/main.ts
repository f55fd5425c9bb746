import { runProgram } from './program.js';

// `layersense score … | head` closes the pipe early; that is no failure. Where there is something to
// stop first, whoever listens does so.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!process.emit('SIGPIPE')) process.exit();
  });
}

process.exitCode = await runProgram(process.argv.slice(2));
