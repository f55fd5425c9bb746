/** Element types a tensor can have in this project, named as NumPy and safetensors users name them. */
export type ElementType =
  | 'float64'
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint8'
  | 'int4'
  | 'uint4'
  | 'bool';

interface ElementTypeInfo {
  /** `TensorProto.DataType` of onnx.proto. */
  readonly onnxCode: number;
  /** Bytes of one element; two 4-bit integers share a byte. */
  readonly bytes: number;
  readonly floating: boolean;
}

export const elementTypes: { readonly [T in ElementType]: ElementTypeInfo } = {
  float32: { onnxCode: 1, bytes: 4, floating: true },
  uint8: { onnxCode: 2, bytes: 1, floating: false },
  int8: { onnxCode: 3, bytes: 1, floating: false },
  int16: { onnxCode: 5, bytes: 2, floating: false },
  int32: { onnxCode: 6, bytes: 4, floating: false },
  int64: { onnxCode: 7, bytes: 8, floating: false },
  bool: { onnxCode: 9, bytes: 1, floating: false },
  float16: { onnxCode: 10, bytes: 2, floating: true },
  float64: { onnxCode: 11, bytes: 8, floating: true },
  bfloat16: { onnxCode: 16, bytes: 2, floating: true },
  uint4: { onnxCode: 21, bytes: 0.5, floating: false },
  int4: { onnxCode: 22, bytes: 0.5, floating: false },
};

/** The bytes that so many elements take. */
export function byteLength(dtype: ElementType, elements: number): number {
  return Math.ceil(elements * elementTypes[dtype].bytes);
}

/** The element type of an onnx.proto code, or `undefined` for one this project does not take. */
export function elementTypeFromOnnxCode(code: number): ElementType | undefined {
  const names = Object.keys(elementTypes) as ElementType[];
  return names.find((name) => elementTypes[name].onnxCode === code);
}
