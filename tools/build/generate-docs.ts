/**
 * node tools/dist/build/generate-docs.js [--check]
 *
 * Writes docs/reference/supported-ops.md from the tables of rules, docs/reference/formats.md from the entries
 * of packages/formats and docs/reference/openapi.json from the routes, as they are built, and packages/client's types from that document. With --check it writes nothing and ends with 1 where a page is not
 * what it would write.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { openApiDocument } from '@layersense/api/openapi-document';
import * as autodiff from '@layersense/autodiff/operators';
import type { useRules } from '@layersense/sensitivity/parameter-uses';
import { root } from '../repository.js';
import { formatsPage } from './formats-page.js';

const families: readonly (readonly [title: string, rules: object])[] = [
  ['Elementwise', autodiff.elementwiseRules],
  ['Activations', autodiff.activationRules],
  ['Normalisation', autodiff.normalizationRules],
  ['Matrix products', autodiff.linalgRules],
  ['Reductions', autodiff.reductionRules],
  ['Shapes and movement', autodiff.movementRules],
  ['Indexing', autodiff.indexingRules],
];

/** What a weight may be given to, and which gradient norm follows. */
const uses: { readonly [Op in keyof typeof useRules]: readonly [position: string, norm: string] } =
  {
    Gemm: ['input 1, input 0 not transposed; input 2', 'matrix; bias'],
    MatMul: ['input 1, two axes', 'matrix'],
    Gather: ['input 0, axis 0', 'embedding'],
    Mul: ['either input, along the last axis', 'scale'],
    Add: ['either input, along the last axis', 'bias'],
  };

const document = await openApiDocument();
const pages: readonly (readonly [path: string, content: string])[] = [
  ['docs/reference/supported-ops.md', supportedOperators()],
  ['docs/reference/formats.md', formatsPage()],
  ['docs/reference/openapi.json', `${JSON.stringify(document, null, 2)}\n`],
  ['packages/client/src/generated/api.ts', await clientTypes(document)],
];
for (const [path, content] of pages) {
  const page = `${root}${path}`;
  const written = existsSync(page) ? readFileSync(page, 'utf8') : '';
  if (!process.argv.includes('--check')) writeFileSync(page, content);
  else if (written !== content) {
    console.error(`${path} is stale: run \`npm run docs:generate\``);
    process.exitCode = 1;
  }
}

interface TypesGenerator {
  default(document: object, options: object): Promise<unknown>;
  astToString(ast: unknown): string;
}

/** The generator is the client's own: it needs an older TypeScript than this repository. */
async function clientTypes(openapi: object): Promise<string> {
  const { resolve } = createRequire(`${root}packages/client/package.json`);
  const { default: generator }: { default: TypesGenerator } = await import(
    resolve('openapi-typescript')
  );
  // A field that has a default may be left out of a request.
  const options = { defaultNonNullable: false };
  const types = generator.astToString(await generator.default(structuredClone(openapi), options));
  return `// Written by tools/build/generate-docs.ts from docs/reference/openapi.json.\n\n${types}`;
}

function supportedOperators(): string {
  const rows = families.map(([title, rules]) => `| ${title} | ${list(Object.keys(rules))} |`);
  const inFamilies = rows.join().match(/`[^`]+`/g)?.length;
  if (inFamilies !== Object.keys(autodiff.vjpRules).length)
    throw new Error('a family of rules is missing');
  return `<!-- Written by tools/build/generate-docs.ts. -->

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

${list(Object.keys(autodiff.decompositions))}

## Constant

No derivative flows through these: their results are integers, truth values or shapes, or their
derivative is zero wherever it exists.

${list([...autodiff.nonDifferentiable])}

## Uses of a weight

A weight is scored where every one of its uses is in this table; [maths.md](../maths.md) gives the norms.

| operator | the weight is | scored as |
| --- | --- | --- |
${Object.entries(uses).map(useRow).join('\n')}
`;
}

function useRow([operator, [position, norm]]: readonly [
  string,
  readonly [string, string],
]): string {
  return `| \`${operator}\` | ${position} | ${norm} |`;
}

function list(operators: readonly string[]): string {
  return operators
    .toSorted()
    .map((operator) => `\`${operator}\``)
    .join(', ');
}
