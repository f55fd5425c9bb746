import { registerMethod, type ScoringMethod, sharedFields } from '@layersense/contracts';
import { type MethodComputation, registerComputation } from '@layersense/scoring';
import { z } from 'zod';

const ShapeParams = z.strictObject({
  powers: z.array(z.number().int().min(1).max(9)).min(1).default([1]),
});

const ShapeSpec = z.strictObject({
  ...sharedFields,
  method: z.literal('shape'),
  params: ShapeParams.prefault({}),
});
type ShapeJobSpec = z.infer<typeof ShapeSpec>;

const metricOf = (power: number): string => `numel^${power}`;

/** A method that nobody needs: how many elements a weight has, to the powers that are asked for. */
const shape: ScoringMethod = {
  name: 'shape',
  version: '7',
  spec: ShapeSpec,
  params: ShapeParams,
  metrics: ({ params: { powers } }: ShapeJobSpec) => {
    const [first = '', ...others] = powers.map(metricOf);
    return [first, ...others];
  },
  hasMetric: (metric) => /^numel\^[1-9]$/.test(metric),
  metricNames: 'numel^1 to numel^9',
  definition: ({ params }: ShapeJobSpec) => `numel to the powers ${params.powers}`,
  overExamples: false,
  nonFinite: 'non_finite_weight',
  determining: ({ powers }) => ({ powers }),
};

const computation: MethodComputation = {
  score({ params: { powers } }: ShapeJobSpec, { checkpoint }) {
    const [ranking = 1] = powers;
    const measured = [...checkpoint.tensors].map(([parameter, { shape }]) => {
      const numel = shape.reduce((product, size) => product * size, 1);
      return { parameter, shape: [...shape], numel };
    });
    const scores = measured
      .toSorted((a, b) => b.numel ** ranking - a.numel ** ranking)
      .map(({ parameter, shape, numel }, i) => ({
        layer: parameter.replace(/\.weight$/, ''),
        parameter,
        shape,
        numel,
        n: null,
        values: Object.fromEntries(powers.map((power) => [metricOf(power), numel ** power])),
        standard_error: null,
        routed_tokens: null,
        routed_examples: null,
        rank: i + 1,
      }));
    return Promise.resolve({ scores });
  },
};

/** Makes the method known, before anything reads a request. */
export function registerShapeMethod(): void {
  registerMethod(shape);
  registerComputation(shape.name, computation);
}
