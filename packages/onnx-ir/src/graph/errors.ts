/** A graph that breaks a rule of ONNX or of this IR: always a bug of the code that built or decoded it. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
}
