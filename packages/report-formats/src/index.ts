export { scoreCsv } from './csv.js';
export { scoreJson } from './json.js';
export { layerScoreCsv, storedScoreCsv } from './stored-score-csv.js';
export { bar } from './table/bar.js';
export { type Column, columns } from './table/columns.js';
export {
  formatBytes,
  formatCount,
  formatDuration,
  formatRatio,
  formatShare,
  formatValue,
} from './table/quantity.js';
export { rankedScores, scoreTable } from './table/table.js';
