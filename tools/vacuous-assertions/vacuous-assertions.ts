import {
  extremeOfNothing,
  iterationOfNothing,
  loopOfNothing,
  testOfEach,
} from './assertions-over-nothing.js';
import { conditional, skipped } from './skippable-assertions.js';
import { type FileFacts, factsOf } from './surely-non-empty.js';
import { type Place, parseTypeScript, placesIn } from './syntax-tree.js';

/** A place where a test may pass without having asserted what stands there. */
export interface VacuousAssertion {
  readonly line: number;
  readonly problem: string;
}

/**
 * Every place of a test file where what is to be asserted may not be, and the test passes all the same.
 *
 * @param file its name, which says the dialect
 * @throws Error where the text is not TypeScript
 */
export function vacuousAssertions(file: string, text: string): readonly VacuousAssertion[] {
  const program = parseTypeScript(file, text);
  const facts = factsOf(program, text);
  return [...placesIn(program)].flatMap((place) => {
    const problem = problemOf(place, facts);
    return problem === undefined
      ? []
      : [{ line: text.slice(0, place.node.start).split('\n').length, problem }];
  });
}

function problemOf(place: Place, facts: FileFacts): string | undefined {
  return (
    conditional(place) ??
    skipped(place) ??
    loopOfNothing(place, facts) ??
    iterationOfNothing(place, facts) ??
    testOfEach(place, facts) ??
    extremeOfNothing(place, facts)
  );
}
