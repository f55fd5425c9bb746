import { LayersenseError } from '@layersense/contracts';
import {
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { Row } from './row.js';

/**
 * The rows of a Parquet file with those of `columns` that it has. Only one row group is in memory
 * at a time.
 *
 * @throws LayersenseError `dataset_malformed` where the file is not Parquet, is damaged, or has
 *   none of the columns
 */
export async function* readParquetRows(
  file: string,
  columns: readonly string[],
): AsyncGenerator<Row> {
  const buffer = await asyncBufferFromFile(file);
  const metadata = await readable(file, () => parquetMetadataAsync(buffer));
  const present = presentColumns(file, metadata, columns);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const range = { file: buffer, metadata, columns: present, rowStart, rowEnd, compressors };
    const rows = await readable(file, () => parquetReadObjects(range));
    for (const [offset, values] of rows.entries()) {
      yield { values, file, unit: 'row', number: rowStart + offset + 1 };
    }
    rowStart = rowEnd;
  }
}

function presentColumns(file: string, metadata: FileMetaData, wanted: readonly string[]): string[] {
  const all = parquetSchema(metadata).children.map((child) => child.element.name);
  const present = wanted.filter((column) => all.includes(column));
  if (present.length > 0) return present;
  throw new LayersenseError(
    'dataset_malformed',
    `${file} has the columns ${all.join(', ')}; expected ${wanted.join(' or ')}.`,
    { file, columns: all },
  );
}

async function readable<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `${file} cannot be read as Parquet: ${reason}. Download or write it again.`;
    throw new LayersenseError('dataset_malformed', message, { file }, { cause });
  }
}
