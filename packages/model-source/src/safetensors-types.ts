import type { ElementType } from '@layersense/onnx-ir';

interface SafetensorsType {
  readonly bits: number;
  /** Absent when the project has no such element type; the tensor is then listed, not readable. */
  readonly elementType?: ElementType;
}

/** The element types of the safetensors format, by the name a header gives them. */
export const safetensorsTypes: ReadonlyMap<string, SafetensorsType> = new Map([
  ['F64', { bits: 64, elementType: 'float64' }],
  ['F32', { bits: 32, elementType: 'float32' }],
  ['F16', { bits: 16, elementType: 'float16' }],
  ['BF16', { bits: 16, elementType: 'bfloat16' }],
  ['I64', { bits: 64, elementType: 'int64' }],
  ['I32', { bits: 32, elementType: 'int32' }],
  ['I16', { bits: 16, elementType: 'int16' }],
  ['I8', { bits: 8, elementType: 'int8' }],
  ['U8', { bits: 8, elementType: 'uint8' }],
  ['BOOL', { bits: 8, elementType: 'bool' }],
  ['U64', { bits: 64 }],
  ['U32', { bits: 32 }],
  ['U16', { bits: 16 }],
  ['C64', { bits: 64 }],
  ['F8_E5M2', { bits: 8 }],
  ['F8_E4M3', { bits: 8 }],
  ['F8_E8M0', { bits: 8 }],
  ['F6_E3M2', { bits: 6 }],
  ['F6_E2M3', { bits: 6 }],
  ['F4', { bits: 4 }],
]);
