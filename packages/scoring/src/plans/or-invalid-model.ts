import { orInvalidFile, type ParsedModel } from '@layersense/models';

/**
 * What `build` makes of a model's graph. A graph that an ONNX file brought may break a rule that only
 * differentiating or encoding it meets: that is the file's fault. One of our own is a bug, and stays one.
 *
 * @throws LayersenseError `checkpoint_invalid` naming the file
 */
export function orInvalidModel<T>({ file }: Pick<ParsedModel, 'file'>, build: () => T): T {
  return file === undefined ? build() : orInvalidFile(file, build);
}
