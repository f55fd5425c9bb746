export { type ReportFormat, reportOf } from './report-format.js';
export { reportFormats } from './report-formats.js';
export { bar } from './table/bar.js';
export { type Column, columns } from './table/columns.js';
export { formatCount, formatDuration, formatRatio, formatShare } from './table/quantity.js';
export { rankedScores, table } from './table/table.js';
