import type { ModelFile } from './model-file.js';

/** A model pinned to exact bytes on this machine. */
export interface ResolvedModel {
  /** As the user wrote it: a Hub repository or a path. */
  readonly name: string;
  /** The 40-digit commit of a Hub repository, or `sha256:…` over the files of a local folder. */
  readonly revision: string;
  readonly source: 'local' | 'hub';
  /** Pass this to `openCheckpoint`, or to `openOnnx` with `onnxFile`. */
  readonly folder: string;
  /** The ONNX file, relative to `folder`; absent for a checkpoint. */
  readonly onnxFile?: string;
  readonly files: readonly ModelFile[];
}

/** Bytes hashed or downloaded so far, of all files together; `file` is the one just worked on. */
export interface SourceProgress {
  readonly file: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface SourceOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: SourceProgress) => void) | undefined;
}
