/** What is said of names and paths without opening a model: all that the API needs of this package. */
export { isBelowByName } from './allowed-path.js';
export { isDatasetPath, isModelPath } from './path-name.js';
