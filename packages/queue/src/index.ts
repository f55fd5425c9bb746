export { isRedis, redisRequestSettings } from './backend.js';
export { createJobQueue, type JobQueue } from './job-queue.js';
export { openQueueConsumer, type QueueConsumer, type Verdict } from './queue-consumer.js';
export {
  type QueuedJob,
  queueEntryId,
  SENSITIVITY_QUEUE,
  SensitivityJobPayload,
} from './queue-entries.js';
export { OPEN_TIMEOUT_MS } from './timeouts.js';
