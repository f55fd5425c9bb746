import { holdToReferences, holdToStoredBits } from '../test-support/hold-to-references.js';

const tool = 'gguf';
const keys = {
  q4_0: 'py_Q4_0',
  q4_1: 'py_Q4_1',
  q5_0: 'py_Q5_0',
  q5_1: 'py_Q5_1',
  q8_0: 'py_Q8_0',
};
const matrices = ['A', 'B', 'C'];

holdToReferences({ tool, keys, matrices });
holdToStoredBits({ tool, keys, matrices });
