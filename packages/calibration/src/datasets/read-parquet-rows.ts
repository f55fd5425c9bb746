import { LayersenseError } from '@layersense/contracts';
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { Row } from './row.js';

/**
 * The rows of a Parquet file with those of `columns` that it has, and of what they may have beside.
 * Only one row group is in memory at a time.
 *
 * @throws LayersenseError `dataset_malformed` where the file is not Parquet, is damaged, or has
 *   none of the columns
 */
export async function* readParquetRows(
  file: string,
  columns: readonly string[],
  beside: readonly string[],
): AsyncGenerator<Row> {
  const buffer = await asyncBufferFromFile(file);
  const metadata = await readable(file, () => parquetMetadataAsync(buffer));
  const keys = parquetSchema(metadata).children.map((child) => child.element.name);
  const present = [...columns, ...beside].filter((column) => keys.includes(column));
  if (present.length === 0) throw withoutColumns(file, keys, columns);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const range = { file: buffer, metadata, columns: present, rowStart, rowEnd, compressors };
    const rows = await readable(file, () => parquetReadObjects(range));
    for (const [offset, values] of rows.entries()) {
      yield { values, file, keys, unit: 'row', number: rowStart + offset + 1 };
    }
    rowStart = rowEnd;
  }
}

function withoutColumns(
  file: string,
  columns: readonly string[],
  wanted: readonly string[],
): LayersenseError {
  return new LayersenseError(
    'dataset_malformed',
    `${file} has the columns ${columns.join(', ')}; expected ${wanted.join(' or ')}.`,
    { file, columns: [...columns] },
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
