export { type ApiConfig, loadConfig as loadApiConfig } from './config.js';
export { type RunningApi, startApi } from './start-api.js';
