/**
 * node tools/build/generate-docs.mjs [--check]
 *
 * Writes docs/reference/supported-ops.md from the tables of rules and docs/reference/openapi.json from
 * the routes, as they are built, and packages/client's types from that document. With --check it writes nothing and ends with 1 where a page is not
 * what it would write.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const built = (path) => import(new URL(`../../packages/${path}`, import.meta.url));
const { vjpRules } = await built('autodiff/dist/rules/index.js');
const { decompositions } = await built('autodiff/dist/decompositions/index.js');
const { nonDifferentiable } = await built('autodiff/dist/non-differentiable.js');
const { openApiDocument } = await import(
  new URL('../../apps/api/dist/openapi-document.js', import.meta.url)
);
const { useRules } = await built('sensitivity/dist/per-example/parameter-uses.js');

const families = [
  ['Elementwise', 'elementwise'],
  ['Activations', 'activation'],
  ['Normalisation', 'normalization'],
  ['Matrix products', 'linalg'],
  ['Reductions', 'reduction'],
  ['Shapes and movement', 'movement'],
  ['Indexing', 'indexing'],
];

/** What a weight may be given to, and which gradient norm follows. */
const uses = {
  Gemm: ['input 1, input 0 not transposed; input 2', 'matrix; bias'],
  MatMul: ['input 1, two axes', 'matrix'],
  Gather: ['input 0, axis 0', 'embedding'],
  Mul: ['either input, along the last axis', 'scale'],
  Add: ['either input, along the last axis', 'bias'],
};

const document = await openApiDocument();
const pages = [
  ['docs/reference/supported-ops.md', await supportedOperators()],
  ['docs/reference/openapi.json', `${JSON.stringify(document, null, 2)}\n`],
  ['packages/client/src/generated/api.ts', await clientTypes(document)],
];
for (const [path, content] of pages) {
  const page = new URL(`../../${path}`, import.meta.url);
  const written = existsSync(page) ? readFileSync(page, 'utf8') : '';
  if (!process.argv.includes('--check')) writeFileSync(page, content);
  else if (written !== content) {
    console.error(`${path} is stale: run \`npm run docs:generate\``);
    process.exitCode = 1;
  }
}

/** The generator is the client's own: it needs an older TypeScript than this repository. */
async function clientTypes(openapi) {
  const { resolve } = createRequire(new URL('../../packages/client/package.json', import.meta.url));
  const { default: generator } = await import(resolve('openapi-typescript'));
  // A field that has a default may be left out of a request.
  const options = { defaultNonNullable: false };
  const types = generator.astToString(await generator.default(structuredClone(openapi), options));
  return `// Written by tools/build/generate-docs.mjs from docs/reference/openapi.json.\n\n${types}`;
}

async function supportedOperators() {
  const rows = [];
  for (const [title, file] of families) {
    const { [`${file}Rules`]: rules } = await built(`autodiff/dist/rules/${file}.js`);
    rows.push(`| ${title} | ${list(Object.keys(rules))} |`);
  }
  const inFamilies = rows.join().match(/`[^`]+`/g)?.length;
  if (inFamilies !== Object.keys(vjpRules).length) throw new Error('a family of rules is missing');
  return `<!-- Written by tools/build/generate-docs.mjs. -->

# Operators

Between the weights and the loss every operator of a graph must be in one of the first three lists.
A graph with any other is refused before anything is computed, with the names of all its nodes.
Operators outside ONNX's own domain carry theirs: \`com.microsoft.FusedMatMul\`.

## Differentiated

| | operators |
| --- | --- |
${rows.join('\n')}

## Written out first

Replaced by operators of the list above before the graph is differentiated. One that is in both lists
is replaced only in the form that an exporter gives it, as \`Where\` for the NaN of a softmax.

${list(Object.keys(decompositions))}

## Constant

No derivative flows through these: their results are integers, truth values or shapes, or their
derivative is zero wherever it exists.

${list([...nonDifferentiable])}

## Uses of a weight

A weight is scored where every one of its uses is in this table; [maths.md](../maths.md) gives the norms.

| operator | the weight is | scored as |
| --- | --- | --- |
${Object.keys(useRules).map(useRow).join('\n')}
`;
}

function useRow(operator) {
  const [position, norm] = uses[operator] ?? [];
  if (!position) throw new Error(`tools/build/generate-docs.mjs says nothing about ${operator}`);
  return `| \`${operator}\` | ${position} | ${norm} |`;
}

function list(operators) {
  return operators
    .toSorted()
    .map((operator) => `\`${operator}\``)
    .join(', ');
}
