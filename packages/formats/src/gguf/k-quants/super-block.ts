/** Consecutive weights of a row that share float16 scales in a k-quant (`QK_K` of llama.cpp). */
export const SUPER_BLOCK = 256;

/** How one super-block of 256 weights becomes the bytes that a GGUF file stores, and back. */
export interface SuperBlockCodec {
  /** Bytes of a stored super-block. */
  readonly bytes: number;
  /** Searches the codes and scales of values[at … at + 256) and writes raw[rawAt … rawAt + bytes). */
  encode(values: Float32Array, at: number, raw: Uint8Array, rawAt: number): void;
  /** What raw[rawAt … rawAt + bytes) stands for, into values[at … at + 256). */
  decode(raw: Uint8Array, rawAt: number, values: Float32Array, at: number): void;
}
